namespace Dlrm.Mpi.Monitoring;

/// <summary>A rank that is no longer part of the job.</summary>
/// <param name="Rank">Which.</param>
/// <param name="Host">Where it ran.</param>
/// <param name="Cause">What is known, as a sentence that begins with the rank.</param>
/// <param name="Told">True when the rank itself said so, and has printed it.</param>
public sealed record RankFailure(int Rank, string Host, string Cause, bool Told);

/// <summary>Failures as lines of JSON.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(RankFailure))]
internal sealed partial class RankFailureJson : System.Text.Json.Serialization.JsonSerializerContext;
