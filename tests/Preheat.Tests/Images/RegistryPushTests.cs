using Microsoft.AspNetCore.Http;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>What a client must do when it pushes: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#push, rule by rule.</summary>
public sealed class RegistryPushTests
{
    private static readonly byte[] Blob = "the content of a blob"u8.ToArray();

    // spec.md#pushing-blobs: the Location "MAY be an absolute URI … or a relative URI", and has queries that must be kept.
    [Theory]
    [InlineData("/up/1?state=s", "?state=s&digest=")]
    [InlineData("http://HOST/up/1", "?digest=")]
    [InlineData("../../../../../up/1?a=b&c=d%2Fe", "?a=b&c=d%2Fe&digest=")]
    [InlineData("//HOST/up/1?_state=x%3D%3D", "?_state=x%3D%3D&digest=")]
    public async Task Goes_on_where_the_registry_says(string location, string query)
    {
        var queries = new List<string>();
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            if (context.Request.Method == "POST")
            {
                context.Response.StatusCode = 202;
                context.Response.Headers.Location = location.Replace("HOST", context.Request.Host.Value, StringComparison.Ordinal);
                return true;
            }
            await context.Request.Body.CopyToAsync(Stream.Null);
            queries.Add($"{context.Request.Path}{context.Request.QueryString}");
            context.Response.StatusCode = 201;
            return true;
        });
        using var client = registry.Client();
        await client.Uploads.PushAsync("a/b", Blob, default);
        queries.ShouldBe([$"/up/1{query}{Uri.EscapeDataString(Digest.Of(Blob).ToString())}"]);
    }

    [Fact]
    public async Task An_upload_without_Location_is_refused()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 202;
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.Uploads.PushAsync("a/b", Blob, default))).Message.ShouldContain("no Location");
    }

    [Fact]
    public async Task An_upload_that_leads_to_no_http_address_is_refused()
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 202;
            context.Response.Headers.Location = "ftp://files.example/up/1";
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<UserException>(() => client.Uploads.PushAsync("a/b", Blob, default))).Message.ShouldContain("ftp://files.example");
    }

    [Fact]
    public async Task The_credential_does_not_follow_an_upload_to_another_host()
    {
        var seen = "";
        await using var storage = await ScriptedRegistry.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            seen = $"{context.Request.Method} '{context.Request.Headers.Authorization}'";
            context.Response.StatusCode = 201;
            return true;
        });
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization.Count == 0 ? 401 : 202;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"reg\"";
            context.Response.Headers.Location = new Uri(storage.Address, "up/1").AbsoluteUri;
            return true;
        });
        using var client = registry.Client(new FixedLogin());
        await client.Uploads.PushAsync("a/b", Blob, default);
        seen.ShouldBe("PUT ''");
    }

    // spec.md#post-then-put and #pushing-a-blob-in-chunks: octet-stream with its length, in one piece, whatever the least chunk is.
    [Theory]
    [InlineData(true, "PATCH 21 application/octet-stream ''|PUT 0 application/octet-stream ''")]
    [InlineData(false, "PUT 21 application/octet-stream ''")]
    public async Task Sends_a_blob_in_one_piece_with_its_length(bool streamed, string expected)
    {
        var requests = new List<string>();
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            if (context.Request.Method != "POST")
                requests.Add($"{context.Request.Method} {context.Request.ContentLength} {context.Request.ContentType} '{context.Request.Headers.ContentRange}'");
            context.Response.Headers["OCI-Chunk-Min-Length"] = "1048576";
            return false;
        });
        using var client = registry.Client();
        if (streamed)
            await client.Uploads.StreamAsync("a/b", () => StreamBlobContent.Of(Blob), default);
        else
            await client.Uploads.PushAsync("a/b", Blob, default);
        requests.ShouldBe(expected.Split('|'));
        registry.Blobs[Digest.Of(Blob).ToString()].ShouldBe(Blob);
        registry.Open.ShouldBe(0);
        registry.Log.ShouldNotContain(line => line.StartsWith("DELETE"));
    }

    // spec.md#post-then-put: "Upon successful completion of the request, the response MUST have code 201 Created".
    [Theory]
    [InlineData(201, true)]
    [InlineData(202, false)]
    public async Task A_blob_is_stored_when_the_registry_says_created(int status, bool stored)
    {
        await using var registry = await AnswersPutAsync(status);
        using var client = registry.Client();
        var push = client.Uploads.PushAsync("a/b", Blob, default);
        if (stored)
            await push;
        else
            (await Should.ThrowAsync<PreheatException>(() => push)).Message.ShouldContain("answered 202");
    }

    // spec.md#pulling-manifests: the stated digest may be of another algorithm, and then tells nothing of ours.
    [Fact]
    public async Task A_stored_digest_of_another_algorithm_is_no_other_content()
    {
        await using var registry = await AnswersPutAsync(201, context => context.Response.Headers["Docker-Content-Digest"] = "sha512:" + new string('0', 128));
        using var client = registry.Client();
        (await client.Uploads.PushAsync("a/b", Blob, default)).ShouldBe(Digest.Of(Blob));
    }

    // "If the upload session is unknown to the registry, a 404 … and the client MUST restart the upload process."; spec.md#pushing-a-blob-in-chunks: 416.
    [Theory]
    [InlineData("PATCH", 404)]
    [InlineData("PUT", 404)]
    [InlineData("PATCH", 416)]
    [InlineData("PUT", 500)]
    public async Task An_upload_that_the_registry_has_lost_starts_again(string method, int status)
    {
        var lost = 0;
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            if (context.Request.Method != method || Interlocked.Increment(ref lost) > 1)
                return false;
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = status;
            return true;
        });
        using var client = registry.Client();
        (await client.Uploads.StreamAsync("a/b", () => StreamBlobContent.Of(Blob), default)).ShouldBe(Digest.Of(Blob));
        registry.Log.Count(line => line.StartsWith("POST")).ShouldBe(2);
        registry.Blobs[Digest.Of(Blob).ToString()].ShouldBe(Blob);
        registry.Open.ShouldBe(0);
    }

    // spec.md#cancel-a-blob-upload: what a refused upload holds is given back, at the latest Location; the refusal is not tried again.
    [Theory]
    [InlineData("PATCH", 400, "state=new")]
    [InlineData("PUT", 400, "state=next")]
    [InlineData("PUT", 403, "state=next")]
    public async Task A_refused_upload_is_given_up(string method, int status, string state)
    {
        var deleted = "";
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            deleted += context.Request.Method == "DELETE" ? $"{context.Request.Path}{context.Request.QueryString}" : "";
            if (context.Request.Method != method)
                return false;
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = status;
            return true;
        });
        using var client = registry.Client();
        await Should.ThrowAsync<PreheatException>(() => client.Uploads.StreamAsync("a/b", () => StreamBlobContent.Of(Blob), default));
        deleted.ShouldBe($"/up/1?{state}");
        registry.Open.ShouldBe(0);
        registry.Log.Count(line => line.StartsWith("POST")).ShouldBe(1);
    }

    [Fact]
    public async Task An_interrupted_upload_is_given_up()
    {
        using var interrupt = new CancellationTokenSource();
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            if (context.Request.Method != "PATCH")
                return false;
            await interrupt.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        });
        using var client = registry.Client();
        await Should.ThrowAsync<OperationCanceledException>(() => client.Uploads.StreamAsync("a/b", () => StreamBlobContent.Of(Blob), interrupt.Token));
        registry.Log.ShouldBe(["POST /v2/a/b/blobs/uploads/", "PATCH /up/1", "DELETE /up/1"]);
        registry.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_does_not_hold_up_the_end()
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            context.Response.StatusCode = context.Request.Method == "PUT" ? 403 : 202;
            context.Response.Headers.Location = "/up/1";
            await context.Request.Body.CopyToAsync(Stream.Null);
            if (context.Request.Method == "DELETE")
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        });
        using var client = registry.Client(time: new HastyTime());
        (await Should.ThrowAsync<UserException>(() => client.Uploads.PushAsync("a/b", Blob, default))).Message.ShouldContain("(403)");
        registry.Log.Last().ShouldBe("DELETE /up/1");
    }

    // spec.md#mounting-a-blob-from-another-repository: 201, or 202 and an upload that nobody needs.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upload_opened_in_place_of_a_mount_is_given_up(bool mounts)
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 201;
            return mounts;
        });
        using var client = registry.Client();
        (await client.Uploads.TryMountAsync("a/b", Digest.Of(Blob), "c/d", default)).ShouldBe(mounts);
        registry.Log.ShouldBe(mounts ? ["POST /v2/a/b/blobs/uploads/"] : ["POST /v2/a/b/blobs/uploads/", "DELETE /up/1"]);
        registry.Open.ShouldBe(0);
    }

    // spec.md#pushing-manifests: "Clients SHOULD set the Content-Type header to the type of the manifest", without parameters.
    [Theory]
    [InlineData(MediaTypes.OciManifest)]
    [InlineData(MediaTypes.DockerManifest)]
    public async Task Puts_a_manifest_under_its_type(string type)
    {
        await using var registry = await ScriptedRegistry.StartAsync();
        using var client = registry.Client();
        await client.Uploads.PutManifestAsync("a/b", "v1", type, "{}"u8.ToArray(), default);
        registry.Manifests["v1"].Type.ShouldBe(type);
    }

    [Theory]
    [InlineData(400, "MANIFEST_BLOB_UNKNOWN")]
    [InlineData(413, "SIZE_INVALID")]
    public async Task A_refused_manifest_says_why(int status, string code)
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            context.Response.StatusCode = context.Request.Method == "PUT" ? status : 404;
            await context.Response.WriteAsync($$"""{"errors":[{"code":"{{code}}","message":"no"}]}""");
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.Uploads.PutManifestAsync("a/b", "v1", MediaTypes.OciManifest, "{}"u8.ToArray(), default))).Message.ShouldContain(code);
    }

    // Debian's registry is no witness: version 2.8 answers 204 and keeps the folder of the upload.
    [Fact]
    public async Task The_embedded_registry_keeps_nothing_of_an_interrupted_upload()
    {
        using var folder = new TemporaryFolder();
        await using var cloud = await EmbeddedCloud.StartAsync(folder.Path);
        using var client = new RegistryClient("local-docker.pkg.dev", cloud.Endpoints, TimeProvider.System);
        using var interrupt = new CancellationTokenSource();
        var before = 0;
        await Should.ThrowAsync<OperationCanceledException>(() => client.Uploads.StreamAsync(
            "a/b",
            () => StreamBlobContent.Of(Blob),
            _ =>
            {
                before = Directory.GetFiles(folder["registry/uploads"]).Length;
                interrupt.Cancel();
            },
            interrupt.Token));
        before.ShouldBe(1);
        Directory.GetFiles(folder["registry/uploads"]).ShouldBeEmpty();
    }

    private static Task<ScriptedRegistry> AnswersPutAsync(int status, Action<HttpContext>? further = null) => ScriptedRegistry.StartAsync(async context =>
    {
        if (context.Request.Method != "PUT")
            return false;
        await context.Request.Body.CopyToAsync(Stream.Null);
        further?.Invoke(context);
        context.Response.StatusCode = status;
        return true;
    });
}
