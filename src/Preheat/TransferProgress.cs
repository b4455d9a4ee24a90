using Preheat.Runs;

namespace Preheat;

/// <summary>How far a transfer of several parts is (the layers of an image), all of them together.</summary>
/// <param name="Subject">The step: <c>BakeImage</c>.</param>
/// <param name="PartsDone">Parts that are at their place, whether sent now or there before.</param>
/// <param name="Done">Bytes of those parts, and of the others so far.</param>
/// <param name="BytesPerSecond">Rate of the last seconds, of bytes that really moved.</param>
/// <param name="SecondsLeft">At that rate; null while nothing is known.</param>
public sealed record TransferProgress(string Subject, int PartsDone, int Parts, long Done, long Total, double BytesPerSecond, double? SecondsLeft) : RunEvent;
