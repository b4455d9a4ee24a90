using System.Runtime.Versioning;
using System.Text;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Docker's configuration files, the credential helpers' protocol (with real programs), and Google's token.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RegistryCredentialsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"auths":{"reg.example":{"auth":"bWU6c2VjcmV0"}}}""", "reg.example", "me", "secret")]
    [InlineData("""{"auths":{"https://reg.example/v2/":{"auth":"bWU6c2U6Y3JldAAA"}}}""", "reg.example", "me", "se:cret")]
    [InlineData("""{"auths":{"https://index.docker.io/v1/":{"auth":"bWU6c2VjcmV0"}}}""", "docker.io", "me", "secret")]
    [InlineData("""{"auths":{"reg.example":{"identitytoken":"id"}}}""", "reg.example", "", "id")]
    public async Task Reads_what_docker_login_has_written(string config, string host, string user, string password)
    {
        var credential = await FindAsync(config, host);
        (credential!.User, credential.Password.Reveal()).ShouldBe((user, password));
    }

    [Theory]
    [InlineData("""{"auths":{"other.example":{"auth":"bWU6c2VjcmV0"}}}""")]
    [InlineData("""{"auths":{"reg.example":{}}}""")]
    [InlineData("{}")]
    public async Task Knows_no_host_that_is_not_named(string config) => (await FindAsync(config, "reg.example")).ShouldBeNull();

    [Theory]
    [InlineData("{")]
    [InlineData("""{"auths":{"reg.example":{"auth":"%%%"}}}""")]
    [InlineData("""{"credsStore":5}""")]
    public async Task Says_that_a_file_is_damaged_and_shows_nothing_of_it(string config)
    {
        var error = await Should.ThrowAsync<UserException>(() => FindAsync(config, "reg.example"));
        error.Message.ShouldContain("cannot be read");
        error.Message.ShouldNotContain("%%%");
    }

    [Fact]
    public void Asks_the_files_in_order() => DockerConfigCredentials.Paths(
            name => name switch { "REGISTRY_AUTH_FILE" => "/a/auth.json", "XDG_RUNTIME_DIR" => "/run/user/5", _ => null }, "/home/me")
        .ShouldBe(["/a/auth.json", "/home/me/.docker/config.json", "/run/user/5/containers/auth.json"]);

    [Fact]
    public async Task Asks_the_helper_of_the_host_before_the_store_and_the_store_before_the_file()
    {
        var named = Helper("""read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"$server\",\"Secret\":\"from-helper\"}" """);
        var store = Helper("""echo '{"Username":"<token>","Secret":"from-store"}'""");
        var config = $$$"""{"credsStore":"{{{store}}}","credHelpers":{"reg.example":"{{{named}}}"},"auths":{"third.example":{"auth":"bWU6c2VjcmV0"} } }""";
        (await FindAsync(config, "reg.example"))!.User.ShouldBe("reg.example");
        var fromStore = await FindAsync(config, "other.example");
        (fromStore!.User, fromStore.Password.Reveal()).ShouldBe(("", "from-store"));
        fromStore.ToString().ShouldNotContain("from-store");
    }

    [Fact]
    public async Task A_helper_that_knows_nothing_leaves_the_file()
    {
        var helper = Helper("echo 'credentials not found in native keychain'; exit 1");
        (await FindAsync($$"""{"credsStore":"{{helper}}","auths":{"reg.example":{"auth":"bWU6c2VjcmV0"} } }""", "reg.example"))!.User.ShouldBe("me");
        (await FindAsync($$"""{"credsStore":"{{helper}}"}""", "reg.example")).ShouldBeNull();
    }

    [Theory]
    [InlineData("echo the-secret; exit 3", "exit code 3")]
    [InlineData("echo the-secret", "did not answer with a credential")]
    public async Task A_helper_that_fails_is_named_and_what_it_prints_is_not(string script, string message)
    {
        var error = await Should.ThrowAsync<UserException>(() => FindAsync($$"""{"credsStore":"{{Helper(script)}}"}""", "reg.example"));
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("the-secret");
    }

    [Theory]
    [InlineData("preheat-test-nowhere", "cannot be run")]
    [InlineData("../../bin/sh", "no name of a program")]
    public async Task A_helper_that_is_missing_is_named(string helper, string message) =>
        (await Should.ThrowAsync<UserException>(() => FindAsync($$"""{"credsStore":"{{helper}}"}""", "reg.example"))).Message.ShouldContain(message);

    [Fact]
    public async Task A_helper_that_hangs_is_ended()
    {
        var clock = new SteppedTime();
        var search = CredentialHelper.GetAsync(Helper("exec sleep 600"), "reg.example", "config.json", clock, default);
        clock.Fire();
        (await Should.ThrowAsync<UserException>(() => search)).Message.ShouldContain("within 30 seconds");
    }

    [Fact]
    public async Task Googles_registries_get_the_token_of_the_environment_and_others_do_not()
    {
        var google = new GoogleRegistryCredentials(TimeProvider.System, name => name == "GOOGLE_OAUTH_ACCESS_TOKEN" ? "ya29" : null);
        var credential = await google.FindAsync("us-central1-docker.pkg.dev", default);
        (credential!.User, credential.Password.Reveal()).ShouldBe(("oauth2accesstoken", "ya29"));
        (await google.FindAsync("docker.pkg.dev.evil.example", default)).ShouldBeNull();
        (await google.FindAsync("evilgcr.io", default)).ShouldBeNull();
    }

    [Fact]
    public void A_Google_token_is_not_looked_for_where_it_would_go_over_plain_http() =>
        RegistryCredentials.Default(new Uri("http://127.0.0.1:5000/"), TimeProvider.System).ShouldBeOfType<DockerConfigCredentials>();

    private async Task<RegistryCredential?> FindAsync(string config, string host)
    {
        await File.WriteAllTextAsync(_folder["config.json"], config);
        return await new DockerConfigCredentials(TimeProvider.System, _folder["missing.json"], _folder["config.json"]).FindAsync(host, default);
    }

    /// <summary>A shell script on the search path; returns the helper's name.</summary>
    private static string Helper(string script)
    {
        var name = $"preheat-{Guid.NewGuid():N}";
        var path = Path.Combine(HelperFolder.Value, $"docker-credential-{name}");
        File.WriteAllText(path, $"#!/bin/sh\n[ \"$1\" = get ] || exit 9\n{script}\n", new UTF8Encoding(false));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return name;
    }

    /// <summary>Programs are found on this process's search path; one folder is added to it, once.</summary>
    private static readonly Lazy<string> HelperFolder = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("preheat-test-helpers-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Environment.SetEnvironmentVariable("PATH", $"{folder}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}");
        return folder;
    });

    /// <summary>A clock whose timers run when a test says so.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private TimerCallback? _callback;

        public void Fire() => _callback!(null);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            return new Never();
        }

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
