using System.Text;
using System.Xml;
using Preheat.Testing;

namespace Preheat.Tests.Testing;

public class TrxFileTests
{
    [Fact]
    public void Counts_what_passed_failed_and_was_skipped()
    {
        var tests = Read("""
            <UnitTestResult testName="A" outcome="Passed" />
            <UnitTestResult testName="B(x: 1)" outcome="Passed" />
            <UnitTestResult testName="C" outcome="Failed"><Output><ErrorInfo><Message>expected 1
            but was 2</Message><StackTrace>at X</StackTrace></ErrorInfo></Output></UnitTestResult>
            <UnitTestResult testName="D" outcome="NotExecuted"><Output><StdOut>needs a GPU</StdOut></Output></UnitTestResult>
            <UnitTestResult testName="E" outcome="Timeout" />
            """);

        (tests.Passed, tests.Failed, tests.Skipped).ShouldBe((2, 2, 1));
        tests.Failures.Select(f => f.Name).ShouldBe(["C", "D", "E"]);
        tests.Failures[0].Reason.ShouldBe("expected 1\nbut was 2");
        tests.Failures[1].Reason.ShouldContain("Skipped");
        tests.Problem.ShouldBeNull();
    }

    [Fact]
    public void A_skipped_test_counts_as_failed()
    {
        var report = new TestReport([Read("""<UnitTestResult testName="A" outcome="Passed" /><UnitTestResult testName="B" outcome="NotExecuted" />""")]);

        report.Summary.ShouldBe("1 passed, 1 failed");
        report.Succeeded.ShouldBeFalse();
    }

    [Fact]
    public void A_project_that_runs_no_test_is_a_failure()
    {
        var report = new TestReport([Read(""), Read("""<UnitTestResult testName="A" outcome="Passed" />""")]);

        report.Projects[0].Problem.ShouldBe("No test ran.");
        report.Summary.ShouldBe("1 passed, 1 failed");
        report.Succeeded.ShouldBeFalse();
    }

    [Fact]
    public void Nothing_run_at_all_is_no_success() => new TestReport([]).Succeeded.ShouldBeFalse();

    [Fact]
    public void A_crash_of_the_test_host_is_a_problem_with_its_text()
    {
        var tests = Read(
            """<UnitTestResult testName="A" outcome="Passed" />""",
            """<RunInfos><RunInfo outcome="Error"><Text>The active test run was aborted.</Text></RunInfo></RunInfos>""");

        tests.Problem.ShouldBe("The active test run was aborted.");
        new TestReport([tests]).Summary.ShouldBe("1 passed, 1 failed");
    }

    [Fact]
    public void A_failed_test_that_is_told_again_is_no_problem_of_the_run()
    {
        var tests = Read(
            """<UnitTestResult testName="A" outcome="Failed" />""",
            """<RunInfo outcome="Error"><Text>[xUnit.net 00:00:18.29]     A [FAIL]</Text></RunInfo><RunInfo outcome="Error"><Text>Crash</Text></RunInfo>""");

        tests.Problem.ShouldBe("Crash");
        new TestReport([tests]).Summary.ShouldBe("0 passed, 1 failed");
    }

    [Fact]
    public void A_warning_of_the_run_is_no_problem() =>
        Read("""<UnitTestResult testName="A" outcome="Passed" />""", """<RunInfo outcome="Warning"><Text>x</Text></RunInfo>""").Problem.ShouldBeNull();

    [Theory]
    [InlineData("<TestRun><Results><UnitTestResult testName='A' outcome='Passed' />")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'b'>]><TestRun>&a;</TestRun>")]
    [InlineData("")]
    public void Refuses_a_file_that_is_cut_short_or_has_a_dtd(string text) =>
        Should.Throw<XmlException>(() => TrxFile.Read("P", new MemoryStream(Encoding.UTF8.GetBytes(text))));

    private static ProjectTests Read(string results, string summary = "")
    {
        var text = $"""
            <?xml version="1.0" encoding="utf-8"?>
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>{results}</Results>
            <ResultSummary outcome="Completed">{summary}</ResultSummary></TestRun>
            """;
        return TrxFile.Read("P", new MemoryStream(Encoding.UTF8.GetBytes(text)));
    }
}
