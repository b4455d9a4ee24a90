namespace Preheat.Http;

/// <summary>A response's body that takes the response with it when it is disposed.</summary>
internal sealed class ResponseStream(HttpResponseMessage response, Stream body) : ObservedStream(body)
{
    protected override void Observe(ReadOnlySpan<byte> bytes, bool atEnd)
    {
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            response.Dispose();
    }
}
