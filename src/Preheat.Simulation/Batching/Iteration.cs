namespace Preheat.Simulation.Batching;

/// <summary>One planned iteration: what runs in it and how long it lasts.</summary>
/// <param name="Duration">Modelled time of the iteration.</param>
/// <param name="Started">Sequences that run for the first time, in the order of their arrival.</param>
/// <param name="Sequences">How many sequences take part.</param>
/// <param name="Tokens">How many tokens are computed.</param>
public sealed record Iteration(TimeSpan Duration, IReadOnlyList<Sequence> Started, int Sequences, int Tokens);

/// <summary>What an iteration brought.</summary>
/// <param name="Emitted">Sequences that got one more token.</param>
/// <param name="Finished">Those of them that are complete now.</param>
public sealed record IterationOutcome(IReadOnlyList<Sequence> Emitted, IReadOnlyList<Sequence> Finished);
