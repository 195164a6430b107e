namespace Dlrm.Data;

/// <summary>A supply of mini-batches: one epoch is <see cref="BatchCount"/> of them.</summary>
/// <remarks>Sources are read by one thread at a time, in ascending order within a pass; a pass starts at batch 0.</remarks>
public interface IBatchSource
{
    /// <summary>What is read, in a few words, e.g. <c>random data</c> or <c>Criteo Kaggle, train.txt, training part</c>.</summary>
    string Description { get; }

    /// <summary>M: dense features.</summary>
    int DenseFeatures { get; }

    /// <summary>Rows that each table needs: one more than the largest index that can occur.</summary>
    IReadOnlyList<int> TableRows { get; }

    /// <summary>Batches in one epoch, the last of which may be shorter.</summary>
    int BatchCount { get; }

    /// <summary>Samples in one epoch.</summary>
    long SampleCount { get; }

    /// <summary>Fills <paramref name="batch"/> with batch number <paramref name="index"/>.</summary>
    /// <param name="index">0 … <see cref="BatchCount"/> − 1.</param>
    /// <param name="batch">A batch with this source's number of dense features and tables.</param>
    void Read(int index, Batch batch);
}
