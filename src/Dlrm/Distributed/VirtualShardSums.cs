using System.Runtime.InteropServices;
using Dlrm.Kernels;
using Dlrm.Layers;
using Dlrm.Memory;

namespace Dlrm.Distributed;

/// <summary>Adds gradients over the virtual shards of a batch in one fixed tree, whichever ranks have them.</summary>
/// <remarks>
/// Shard v of V = 8 is samples [B·v / V, B·(v + 1) / V); a rank of N has V / N that follow each other. With s(v) a shard's
/// sums (samples ascending): ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)), element by element. A rank adds the part of
/// the tree over its own shards; then all ranks gather the parts and add the rest alike, so bits do not depend on N. That
/// moves N − 1 gradients to every rank, where a sum alone moves less than two.
/// </remarks>
internal sealed class VirtualShardSums : IDisposable
{
    private readonly ICommunicator _communicator;
    private readonly Elementwise _kernel;
    private readonly Parameter[] _parameters;
    private readonly NativeBuffer<float>[] _shards;
    private readonly NativeBuffer<float> _all;
    private readonly int[] _lengths;
    private readonly int _elements;

    /// <summary>Room for the gradients of all own shards and of all ranks.</summary>
    /// <param name="communicator">What they go through: 1, 2, 4 or 8 ranks.</param>
    /// <param name="engine">Says which instructions to use.</param>
    /// <param name="parameters">Those whose gradients are added.</param>
    public VirtualShardSums(ICommunicator communicator, Engine engine, IReadOnlyList<Parameter> parameters)
    {
        _communicator = communicator;
        _kernel = Elementwise.For(engine.InstructionSet);
        _parameters = [.. parameters];
        _elements = checked((int)parameters.Sum(parameter => parameter.Elements));
        int ranks = communicator.Size;
        Own = DistributedOptions.VirtualShards / ranks;
        _shards = [.. Enumerable.Range(0, Own).Select(_ => new NativeBuffer<float>(_elements))];
        _all = new NativeBuffer<float>(ranks == 1 ? 0 : (long)ranks * _elements);
        _lengths = [.. Enumerable.Repeat(checked(_elements * sizeof(float)), ranks)];
    }

    /// <summary>V / N: shards of this rank.</summary>
    public int Own { get; }

    /// <summary>Bytes that this rank sent to others so far.</summary>
    public long BytesSent { get; private set; }

    /// <summary>The fixed tree over numbers that stand side by side.</summary>
    /// <param name="leaves">V numbers; overwritten.</param>
    public static double Tree(Span<double> leaves)
    {
        for (int stride = 1; stride < leaves.Length; stride *= 2)
        {
            for (int leaf = 0; leaf + stride < leaves.Length; leaf += 2 * stride)
            {
                leaves[leaf] += leaves[leaf + stride];
            }
        }

        return leaves[0];
    }

    /// <summary>Keeps the gradients that the parameters hold as those of a shard.</summary>
    /// <param name="shard">0 … <see cref="Own"/> − 1.</param>
    public void Keep(int shard)
    {
        int start = 0;
        foreach (Parameter parameter in _parameters)
        {
            parameter.Gradient!.Span.CopyTo(_shards[shard].Slice(start, (int)parameter.Elements));
            start += (int)parameter.Elements;
        }
    }

    /// <summary>Adds all shards of all ranks and gives the sums to the parameters.</summary>
    public void Sum()
    {
        for (int stride = 1; stride < Own; stride *= 2)
        {
            for (int shard = 0; shard + stride < Own; shard += 2 * stride)
            {
                _kernel.ScaleAdd(1, _shards[shard + stride].Span, _shards[shard].Span);
            }
        }

        NativeBuffer<float> sums = _shards[0];
        int ranks = _communicator.Size;
        if (ranks > 1)
        {
            _communicator.AllGather(
                MemoryMarshal.AsBytes(_shards[0].Span), _lengths, MemoryMarshal.AsBytes(_all.Slice(0, ranks * _elements)));
            BytesSent += sizeof(float) * (long)_elements * (ranks - 1);
            for (int stride = 1; stride < ranks; stride *= 2)
            {
                for (int rank = 0; rank + stride < ranks; rank += 2 * stride)
                {
                    _kernel.ScaleAdd(1, _all.Slice((long)(rank + stride) * _elements, _elements), _all.Slice((long)rank * _elements, _elements));
                }
            }

            sums = _all;
        }

        int start = 0;
        foreach (Parameter parameter in _parameters)
        {
            sums.Slice(start, (int)parameter.Elements).CopyTo(parameter.Gradient!.Span);
            start += (int)parameter.Elements;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (NativeBuffer<float> shard in _shards)
        {
            shard.Dispose();
        }

        _all.Dispose();
    }
}
