using System.Collections.Immutable;

namespace Dlrm.Random;

/// <summary>All that a <see cref="NumpyRandom"/> remembers: what numpy.random.get_state() returns.</summary>
/// <param name="Words">MT19937's state, 624 words.</param>
/// <param name="Position">Words of the present block that were drawn, 0 … 624.</param>
/// <param name="CachedNormal">The second value of the last pair of standard normals, not drawn yet; null for none.</param>
public sealed record NumpyRandomState(ImmutableArray<uint> Words, int Position, double? CachedNormal);
