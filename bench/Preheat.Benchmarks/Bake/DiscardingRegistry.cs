using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Preheat.Benchmarks.Bake;

/// <summary>
/// A registry that throws uploads away; only manifests and blobs below 64 KiB are kept, in memory. It ends when its standard input does.
/// As cheap as can be, because it shares the machine with what is measured: bare sockets, and the kernel drops the bytes (MSG_TRUNC, tcp(7)) instead of copying them out.
/// </summary>
internal static class DiscardingRegistry
{
    private const int Kept = 64 * 1024;
    private const int LongestHead = 32 * 1024;

    private static readonly ConcurrentDictionary<string, (string Type, byte[] Bytes)> Content = new(StringComparer.Ordinal);

    public static async Task RunAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Console.WriteLine($"http://{listener.LocalEndpoint}");
        new Thread(() =>
        {
            while (true)
            {
                var socket = listener.AcceptSocket();
                new Thread(() => Serve(socket)) { IsBackground = true }.Start();
            }
        }) { IsBackground = true }.Start();
        await Console.In.ReadToEndAsync();
    }

    private static void Serve(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[1 << 20];
            var filled = 0;
            try
            {
                while (true)
                {
                    int end;
                    while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
                    {
                        // Little at a time, so that next to nothing of a large body is read by copying.
                        var read = filled < LongestHead ? socket.Receive(buffer, filled, LongestHead - filled, SocketFlags.None) : 0;
                        if (read == 0)
                            return;
                        filled += read;
                    }
                    var head = Encoding.ASCII.GetString(buffer, 0, end).Split("\r\n");
                    filled -= end + 4;
                    buffer.AsSpan(end + 4, filled).CopyTo(buffer);
                    var length = long.Parse(Header(head, "Content-Length") ?? "0", CultureInfo.InvariantCulture);
                    var body = Body(socket, buffer, ref filled, length);
                    socket.Send(Answer(head, body));
                }
            }
            catch (SocketException)
            {
                // The client is gone.
            }
        }
    }

    /// <summary>The body when it is small; nothing when it is large.</summary>
    private static byte[] Body(Socket socket, byte[] buffer, ref int filled, long length)
    {
        if (length > Kept)
        {
            // Woken once for many packets, not for each.
            LowWater(socket, 1 << 20);
            for (var left = length - filled; left > 0;)
            {
                if (left < 2 << 20)
                    LowWater(socket, 1);
                var dropped = socket.Receive(buffer, 0, (int)Math.Min(buffer.Length, left), SocketFlags.Truncated);
                if (dropped == 0)
                    throw new SocketException((int)SocketError.ConnectionReset);
                left -= dropped;
            }
            filled = 0;
            return [];
        }
        while (filled < length)
        {
            var read = socket.Receive(buffer, filled, (int)length - filled, SocketFlags.None);
            if (read == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            filled += read;
        }
        var body = buffer[..(int)length];
        filled -= body.Length;
        buffer.AsSpan(body.Length, filled).CopyTo(buffer);
        return body;
    }

    private static void LowWater(Socket socket, int bytes) => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, bytes);

    private static byte[] Answer(string[] head, byte[] body)
    {
        var request = head[0].Split(' ');
        var uri = new Uri("http://sink" + request[1]);
        var path = uri.AbsolutePath;
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (Header(head, "Transfer-Encoding") is not null)
            return Response("411 Length Required", "", [], false);
        switch (request[0])
        {
            case "POST":
                return Response("202 Accepted", $"Location: {path.TrimEnd('/')}/{Guid.NewGuid():N}\r\n", [], false);
            case "PATCH":
                Content[name] = ("", body);
                return Response("202 Accepted", $"Location: {path}\r\n", [], false);
            case "PUT":
                if (path.Contains("/uploads/", StringComparison.Ordinal))
                {
                    if (body.Length == 0 && Content.TryRemove(name, out var patched))
                        body = patched.Bytes;
                    name = Uri.UnescapeDataString(uri.Query.Split("digest=")[1].Split('&')[0]);
                }
                if (body.Length > 0)
                    Content[name] = (Header(head, "Content-Type") ?? "", body);
                return Response("201 Created", "", [], false);
            default:
                return Content.TryGetValue(name, out var found)
                    ? Response("200 OK", $"Content-Type: {found.Type}\r\n", found.Bytes, request[0] == "HEAD")
                    : Response("404 Not Found", "", [], request[0] == "HEAD");
        }
    }

    private static byte[] Response(string status, string headers, byte[] body, bool headOnly) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Length: {body.Length}\r\n\r\n"), .. headOnly ? [] : body];

    private static string? Header(string[] head, string name) =>
        head.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}
