using Preheat.Runs;

namespace Preheat.Tests.Runs;

public sealed class ReceiptStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ReceiptStore Open(object? binding = null)
    {
        var store = new ReceiptStore(_folder.Path, "demo");
        store.Open(binding ?? new { cloud = "local", region = "local" }, TimeProvider.System);
        return store;
    }

    [Fact]
    public void Has_one_writer_and_names_it_to_the_second()
    {
        using var first = Open();
        var error = Should.Throw<UserException>(() => Open());
        error.Message.ShouldContain("'demo'");
        error.Message.ShouldContain(Environment.ProcessId.ToString());
    }

    [Fact]
    public void Tells_the_second_what_the_first_does_and_since_when()
    {
        using var store = new ReceiptStore(_folder.Path, "demo");
        store.Open(new { }, TimeProvider.System, "Verify");
        var error = Should.Throw<UserException>(() => Open());
        error.Message.ShouldContain($"process {Environment.ProcessId} on {Environment.MachineName} (Verify), since 20");
        error.Message.ShouldContain("--deployment");
    }

    [Fact]
    public void A_killed_writer_leaves_no_lock_and_nothing_half_written()
    {
        Open().Dispose();
        var folder = Path.Combine(_folder.Path, "demo");
        File.WriteAllText(Path.Combine(folder, "lock.json"), """{"pid":1,"since":""");
        File.WriteAllText(Path.Combine(folder, "Deploy.json.1.2.tmp"), "{");
        using (Open())
            Directory.GetFiles(folder, "*.tmp").ShouldBeEmpty();
        File.Exists(Path.Combine(folder, "lock.json")).ShouldBeFalse("the lock's holder is told only while it holds it");
    }

    [Fact]
    public void Is_free_again_when_the_writer_has_ended()
    {
        Open().Dispose();
        Should.NotThrow(() => Open().Dispose());
    }

    [Fact]
    public void Refuses_another_binding_and_names_both()
    {
        Open().Dispose();
        var error = Should.Throw<UserException>(() => Open(new { cloud = "google", region = "us-central1" }));
        error.Message.ShouldContain("cloud local");
        error.Message.ShouldContain("cloud google");
        error.ExitCode.ShouldBe(2);
    }

    [Fact]
    public void Says_so_when_the_folder_cannot_be_made()
    {
        File.WriteAllText(_folder["file"], "");
        var store = new ReceiptStore(_folder["file"], "demo");
        Should.Throw<UserException>(() => store.Open(new { }, TimeProvider.System)).Message.ShouldContain("--artifacts-directory");
    }

    [Fact]
    public void Never_writes_a_secret()
    {
        using var store = Open();
        store.Write("x.json", new { token = new Secret("hf_canary") });
        File.ReadAllText(Path.Combine(store.Directory, "x.json")).ShouldNotContain("hf_canary");
    }

    [Fact]
    public void Leaves_no_temporary_file()
    {
        using var store = Open();
        store.Write("x.json", new { a = 1 });
        Directory.GetFiles(store.Directory, "*.tmp").ShouldBeEmpty();
    }

    [Fact]
    public void A_fingerprint_does_not_depend_on_the_order_of_keys()
    {
        Fingerprint.Of(new { a = 1, b = "x" }).ShouldBe(Fingerprint.Of(new { b = "x", a = 1 }));
        Fingerprint.Of(new { a = 1 }).ShouldNotBe(Fingerprint.Of(new { a = 2 }));
    }
}
