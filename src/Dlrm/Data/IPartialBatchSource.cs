namespace Dlrm.Data;

/// <summary>A source that can read a part of a batch without the rest: each rank of a job then reads what it trains on.</summary>
public interface IPartialBatchSource : IBatchSource
{
    /// <summary>Whether it can, as one that passes on what another reads may not know before.</summary>
    bool ReadsParts => true;

    /// <summary>Samples of a batch.</summary>
    /// <param name="index">0 … <see cref="IBatchSource.BatchCount"/> − 1.</param>
    int SizeOf(int index);

    /// <summary>Fills <paramref name="batch"/> with some samples of batch number <paramref name="index"/>.</summary>
    /// <param name="index">0 … <see cref="IBatchSource.BatchCount"/> − 1.</param>
    /// <param name="firstSample">The first of them, from 0.</param>
    /// <param name="samples">How many, 0 or more.</param>
    /// <param name="batch">A batch with this source's number of dense features and tables.</param>
    void ReadPart(int index, int firstSample, int samples, Batch batch);
}
