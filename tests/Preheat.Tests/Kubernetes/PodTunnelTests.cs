using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>Port-forward over SPDY/3.1: against the embedded cluster in <see cref="RolloutsTests"/>, here what another server may send.</summary>
public sealed class PodTunnelTests : ScriptedServerTests
{
    private static readonly ServingEndpoint Endpoint = new(EndpointKind.PortForward, "ml", "gemma", "web", "org/gemma");

    [Fact]
    public async Task Reaches_one_ready_pod_through_whatever_frames_come_between()
    {
        Serve(async peer =>
        {
            var errors = await peer.OpenAsync();
            var data = await peer.OpenAsync();
            errors.ShouldBe((1, "port=8000 requestid=0 streamtype=error"));
            data.ShouldBe((3, "port=8000 requestid=0 streamtype=data"));
            await peer.ControlAsync(4, [0, 0, 0, 0]);
            await peer.ReplyAsync(1);
            await peer.ControlAsync(6, [0, 0, 0, 2]);
            await peer.ReplyAsync(3);
            // The PING comes back, the stream for errors is ended from this side, and then the request comes.
            (await peer.FrameAsync()).ShouldBe((6, 0, "\0\0\0\u0002"));
            (await peer.FrameAsync()).ShouldBe((0, 1, ""));
            var (_, stream, request) = await peer.FrameAsync();
            stream.ShouldBe(3);
            var line = request.Split(" HTTP/1.1")[0];
            var answer = $"HTTP/1.1 200 OK\r\nContent-Length: {line.Length}\r\n\r\n{line}";
            await peer.DataAsync(3, answer[..20]);
            await peer.ControlAsync(9, [0, 0, 0, 3, 0, 0, 1, 0]);
            await peer.DataAsync(3, answer[20..]);
        });
        using var connection = ServingConnection.Open(Endpoint, _server.Endpoints(), TimeProvider.System);
        (await connection.Client.GetStringAsync(new Uri(connection.BaseAddress, "v1/models"))).ShouldBe("GET /v1/models");
        _server.Requests.ShouldContain("POST /api/v1/namespaces/ml/pods/b/portforward");
        _server.Tokens.ShouldAllBe(token => token == "Bearer secret");
    }

    [Fact]
    public async Task Waits_for_data_and_leaves_it_there_when_nothing_is_read()
    {
        Serve(async peer =>
        {
            await peer.AcceptAsync();
            await peer.FrameAsync();
            await peer.DataAsync(3, "here");
            await peer.FrameAsync();
        });
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        await using var tunnel = await client.TunnelAsync(Endpoint, podName: null, default);
        (await tunnel.ReadAsync(Memory<byte>.Empty)).ShouldBe(0);
        (await tunnel.ReadAsync(Memory<byte>.Empty)).ShouldBe(0);
        var text = new byte[4];
        await tunnel.ReadExactlyAsync(text);
        Encoding.ASCII.GetString(text).ShouldBe("here");
        await tunnel.WriteAsync("bye"u8.ToArray());
    }

    [Fact]
    public async Task Tells_what_the_pod_says_when_nobody_listens()
    {
        Serve(async peer =>
        {
            await peer.AcceptAsync();
            await peer.DataAsync(1, "error forwarding port 8000 to pod b: connection refused");
            await peer.FrameAsync();
            await peer.FrameAsync();
        });
        (await FailAsync()).ShouldContain("Pod/b does not take the connection: error forwarding port 8000 to pod b: connection refused");
    }

    [Fact]
    public async Task Tells_that_a_stream_was_refused()
    {
        Serve(async peer =>
        {
            await peer.OpenAsync();
            await peer.ControlAsync(3, [0, 0, 0, 1, 0, 0, 0, 3]);
        });
        (await FailAsync()).ShouldContain("stream 1 was reset");
    }

    [Fact]
    public async Task Tells_that_the_connection_was_cut()
    {
        Serve(peer => peer.OpenAsync());
        (await FailAsync()).ShouldContain("was cut");
    }

    [Fact]
    public async Task Tells_the_right_that_is_missing()
    {
        _server.Answer = context => AnswerAsync(context, () => ScriptedApiServer.JsonAsync(context, """{"kind":"Status","reason":"Forbidden","message":"pods \"b\" is forbidden: User \"me\" cannot create resource \"pods/portforward\""}""", 403));
        (await FailAsync()).ShouldContain("cannot create resource \"pods/portforward\"");
    }

    [Fact]
    public async Task Refuses_another_protocol()
    {
        _server.Answer = context => AnswerAsync(context, async () =>
        {
            context.Response.Headers.Upgrade = "websocket";
            context.Response.Headers.Connection = "Upgrade";
            await (await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync()).DisposeAsync();
        });
        (await FailAsync()).ShouldContain("switched to websocket with portforward.k8s.io in place of SPDY/3.1");
    }

    private async Task<string> FailAsync()
    {
        using var connection = ServingConnection.Open(Endpoint, _server.Endpoints(), TimeProvider.System);
        var error = await Should.ThrowAsync<Exception>(() => connection.Client.GetStringAsync(new Uri(connection.BaseAddress, "v1/models")));
        var text = new StringBuilder();
        for (Exception? part = error; part is not null; part = part.InnerException)
            text.AppendLine(part.Message);
        return text.ToString();
    }

    private void Serve(Func<SpdyPeer, Task> script) => _server.Answer = context => AnswerAsync(context, async () =>
    {
        context.Request.Protocol.ShouldBe("HTTP/1.1");
        context.Request.Headers["X-Stream-Protocol-Version"].ToString().ShouldBe("portforward.k8s.io");
        context.Response.Headers.Upgrade = "SPDY/3.1";
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers["X-Stream-Protocol-Version"] = "portforward.k8s.io";
        await using var stream = await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
        await script(new SpdyPeer(stream));
    });

    private static Task AnswerAsync(HttpContext context, Func<Task> forward) => context.Request.Path.Value!.Split('/')[^1] switch
    {
        "portforward" => forward(),
        "pods" => ScriptedApiServer.JsonAsync(context, """{"items":[{"metadata":{"name":"a","namespace":"ml"},"status":{}},{"metadata":{"name":"b","namespace":"ml"},"spec":{"containers":[{"ports":[{"name":"http","containerPort":8000}]}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]}"""),
        _ => ScriptedApiServer.JsonAsync(context, """{"kind":"Service","metadata":{"name":"gemma"},"spec":{"selector":{"app":"gemma"},"ports":[{"name":"web","port":80,"targetPort":"http"}]}}"""),
    };

    /// <summary>The kubelet's side, frame by frame.</summary>
    private sealed class SpdyPeer(Stream stream)
    {
        private readonly MemoryStream _blocks = new();

        /// <summary>The next SYN_STREAM: its number and headers.</summary>
        public async Task<(int Stream, string Headers)> OpenAsync()
        {
            var head = await BytesAsync(8);
            head[..5].ShouldBe([0x80, 3, 0, 1, 0]);
            var body = await BytesAsync(LengthOf(head));
            return (BinaryPrimitives.ReadInt32BigEndian(body), Headers(body[10..]));
        }

        public async Task AcceptAsync()
        {
            await ReplyAsync((await OpenAsync()).Stream);
            await ReplyAsync((await OpenAsync()).Stream);
        }

        public Task ReplyAsync(int number) => ControlAsync(2, [0, 0, 0, (byte)number, 0x78, 0x01, 0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);

        public async Task ControlAsync(byte type, byte[] body) => await stream.WriteAsync((byte[])[0x80, 3, 0, type, 0, 0, 0, (byte)body.Length, .. body]);

        public async Task DataAsync(byte number, string text) => await stream.WriteAsync((byte[])[0, 0, 0, number, 0, 0, 0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)]);

        /// <summary>The next frame: type (0 is data), stream of data, body.</summary>
        public async Task<(int Type, int Stream, string Body)> FrameAsync()
        {
            var head = await BytesAsync(8);
            var body = Encoding.Latin1.GetString(await BytesAsync(LengthOf(head)));
            return (head[0] & 0x80) == 0 ? (0, BinaryPrimitives.ReadInt32BigEndian(head), body) : (head[3], 0, body);
        }

        private static int LengthOf(byte[] head) => (head[5] << 16) | (head[6] << 8) | head[7];

        // One zlib stream for all: its head names the dictionary, which stored blocks do not refer to. Inflated anew each time, so each block must end with a flush.
        private string Headers(byte[] block)
        {
            if (_blocks.Length == 0)
            {
                block[..6].ShouldBe([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);
                ((block[0] << 8 | block[1]) % 31).ShouldBe(0);
                block = block[6..];
            }
            var seen = Inflated().Length;
            _blocks.Write(block);
            var plain = Inflated()[seen..];
            var (at, texts) = (4, new List<string>());
            while (at < plain.Length)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(plain.AsSpan(at));
                texts.Add(Encoding.ASCII.GetString(plain, at + 4, length));
                at += 4 + length;
            }
            BinaryPrimitives.ReadInt32BigEndian(plain).ShouldBe(texts.Count / 2);
            return string.Join(' ', texts.Chunk(2).Select(pair => $"{pair[0]}={pair[1]}"));
        }

        private byte[] Inflated()
        {
            using var inflate = new DeflateStream(new MemoryStream([.. _blocks.ToArray(), 3, 0]), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            inflate.CopyTo(plain);
            return plain.ToArray();
        }

        private async Task<byte[]> BytesAsync(int count)
        {
            var bytes = new byte[count];
            await stream.ReadExactlyAsync(bytes);
            return bytes;
        }
    }
}
