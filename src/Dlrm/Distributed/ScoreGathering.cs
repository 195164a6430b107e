using System.Runtime.InteropServices;
using Dlrm.Data;
using Dlrm.Memory;

namespace Dlrm.Distributed;

/// <summary>Puts the scores and labels of all ranks' parts side by side on every rank, so that all compute the same metrics.</summary>
/// <param name="communicator">What they go through.</param>
internal sealed class ScoreGathering(ICommunicator communicator) : IDisposable
{
    private readonly int[] _lengths = new int[communicator.Size];
    private NativeBuffer<float> _own = new(0);
    private NativeBuffer<float> _scores = new(0);
    private NativeBuffer<float> _labels = new(0);

    /// <summary>Gathers one batch's.</summary>
    /// <param name="batch">This rank's part, with labels.</param>
    /// <param name="scores">Of its samples.</param>
    /// <returns>Those of the whole batch, in the order of samples; the first of them count.</returns>
    public (NativeBuffer<float> Scores, NativeBuffer<float> Labels) Gather(Batch batch, ReadOnlySpan<float> scores)
    {
        for (int rank = 0; rank < _lengths.Length; rank++)
        {
            _lengths[rank] = sizeof(float) * BatchParts.Count(batch.WholeSize, rank, _lengths.Length);
        }

        if (batch.WholeSize > _scores.Length)
        {
            Dispose();
            _own = new NativeBuffer<float>(batch.WholeSize);
            _scores = new NativeBuffer<float>(batch.WholeSize);
            _labels = new NativeBuffer<float>(batch.WholeSize);
        }

        Gather(scores, _scores.Slice(0, batch.WholeSize));
        Gather(batch.Labels, _labels.Slice(0, batch.WholeSize));
        return (_scores, _labels);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        _own.Dispose();
        _scores.Dispose();
        _labels.Dispose();
    }

    private void Gather(ReadOnlySpan<float> own, Span<float> all)
    {
        Span<float> sent = _own.Slice(0, own.Length);
        own.CopyTo(sent);
        communicator.AllGather(MemoryMarshal.AsBytes(sent), _lengths, MemoryMarshal.AsBytes(all));
    }
}
