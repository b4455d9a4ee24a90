using System.Xml;

namespace Preheat.Testing;

/// <summary>Reads the result files of <c>dotnet test --logger trx</c> (schema <c>TeamTest/2010</c>).</summary>
public static class TrxFile
{
    /// <summary>A result file larger than this is refused; ten thousand tests make about 20 MB.</summary>
    private const long MaxCharacters = 256L << 20;

    private const int MaxReason = 2000;

    /// <summary>Counts the results of a file.</summary>
    /// <param name="project">The name the result gets.</param>
    /// <param name="stream">The file's content.</param>
    /// <exception cref="XmlException">The file is no XML, has a DTD, was cut short or is too large.</exception>
    public static ProjectTests Read(string project, Stream stream)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaxCharacters,
        };
        using var reader = XmlReader.Create(stream, settings);
        var (passed, failed, skipped) = (0, 0, 0);
        var failures = new List<TestFailure>();
        string? problem = null;
        while (reader.Read())
        {
            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            if (reader.LocalName == "UnitTestResult")
            {
                var (name, outcome) = (reader.GetAttribute("testName") ?? "?", reader.GetAttribute("outcome") ?? "");
                switch (outcome)
                {
                    case "Passed":
                        passed++;
                        break;
                    case "NotExecuted":
                        skipped++;
                        failures.Add(new TestFailure(name, Reason(reader, "Skipped: " + outcome)));
                        break;
                    default: // Failed, Error, Timeout, Aborted, …
                        failed++;
                        failures.Add(new TestFailure(name, Reason(reader, outcome)));
                        break;
                }
            }
            else if (reader.LocalName == "RunInfo" && reader.GetAttribute("outcome") is "Error" or "Failed")
            {
                // xUnit repeats each failed test here ("[xUnit.net 00:00:01.00]  NAME [FAIL]"): those are counted already.
                var text = Reason(reader, "The test run reported an error.");
                problem ??= text.EndsWith("[FAIL]", StringComparison.Ordinal) ? null : text;
            }
        }

        if (passed + failed == 0)
        {
            problem ??= "No test ran.";
        }

        return new ProjectTests(project, passed, failed, skipped, failures, problem);
    }

    /// <summary>The first message inside the current element.</summary>
    private static string Reason(XmlReader reader, string otherwise)
    {
        using var inside = reader.ReadSubtree();
        while (inside.Read())
        {
            if (inside.NodeType == XmlNodeType.Element && inside.LocalName is "Message" or "Text")
            {
                var text = inside.ReadElementContentAsString().Trim();
                return text.Length <= MaxReason ? text : text[..MaxReason] + "…";
            }
        }

        return otherwise;
    }
}
