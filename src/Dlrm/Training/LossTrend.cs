namespace Dlrm.Training;

/// <summary>A stretch of training in which the loss rose from block to block.</summary>
/// <param name="Blocks">How many blocks in a row.</param>
/// <param name="FirstStep">Last step of the first block.</param>
/// <param name="FirstLoss">Mean loss of the first block.</param>
/// <param name="LastStep">Last step of the last block.</param>
/// <param name="LastLoss">Mean loss of the last block.</param>
internal readonly record struct LossRise(int Blocks, long FirstStep, double FirstLoss, long LastStep, double LastLoss);

/// <summary>Consecutive intervals.</summary>
/// <param name="Step">Their last step.</param>
/// <param name="Loss">Their mean loss.</param>
/// <param name="Samples">Their samples.</param>
internal readonly record struct LossBlock(long Step, double Loss, long Samples)
{
    public static LossBlock Join(LossBlock earlier, LossBlock later)
    {
        long samples = earlier.Samples + later.Samples;
        return new LossBlock(later.Step, ((earlier.Loss * earlier.Samples) + (later.Loss * later.Samples)) / samples, samples);
    }
}

/// <summary>Tells a steadily rising loss from noise, at any length of interval.</summary>
/// <remarks>
/// Six blocks in a row, each above the one before, the last above the first by 5 % and by five standard errors. Blocks are
/// single intervals, and pairs, fours, eights of them and so on, so a slow rise shows in the long blocks when the short
/// ones are noisy. The variance of a sample's loss is estimated from second differences of the intervals, which a linear
/// trend leaves alone, and is taken to be no less than the squared mean. Independent noise passes with a chance well
/// under 1/6! · 10⁻⁶ a block.
/// </remarks>
internal sealed class LossTrend
{
    private const int Blocks = 6;
    private const double LeastRise = 0.05;
    private const double StandardErrors = 5;

    private readonly List<Level> _levels = [];
    private LossBlock _previous;
    private LossBlock _beforePrevious;
    private double _varianceSum;
    private long _intervals;

    /// <summary>What it remembers.</summary>
    public LossTrendState Save() => new(
        _previous, _beforePrevious, _varianceSum, _intervals, [.. _levels.Select(level => level.Save())]);

    /// <summary>Goes on from what another remembered.</summary>
    public void Restore(LossTrendState state)
    {
        (_previous, _beforePrevious, _varianceSum, _intervals) =
            (state.Previous, state.BeforePrevious, state.VarianceSum, state.Intervals);
        _levels.Clear();
        _levels.AddRange(state.Levels.Select(level => new Level(level)));
    }

    /// <summary>Takes in an interval.</summary>
    /// <param name="step">Its last step.</param>
    /// <param name="loss">Its mean loss.</param>
    /// <param name="samples">Its samples.</param>
    /// <returns>The rise that this interval completes, or null.</returns>
    public LossRise? Add(long step, double loss, long samples)
    {
        if (!double.IsFinite(loss) || samples < 1)
        {
            return null;
        }

        var block = new LossBlock(step, loss, samples);
        if (_intervals >= 2)
        {
            double bend = block.Loss - (2 * _previous.Loss) + _beforePrevious.Loss;
            double weight = (1.0 / block.Samples) + (4.0 / _previous.Samples) + (1.0 / _beforePrevious.Samples);
            _varianceSum += bend * bend / weight;
        }

        (_beforePrevious, _previous) = (_previous, block);
        _intervals++;
        return Push(0, block);
    }

    private LossRise? Push(int level, LossBlock block)
    {
        if (level == _levels.Count)
        {
            _levels.Add(new Level());
        }

        Level blocks = _levels[level];
        blocks.Add(block);
        if (blocks.Count >= Blocks && Rises(blocks))
        {
            LossBlock first = blocks[Blocks - 1];
            return new LossRise(Blocks, first.Step, first.Loss, block.Step, block.Loss);
        }

        return blocks.Count % 2 == 0 ? Push(level + 1, LossBlock.Join(blocks[1], block)) : null;
    }

    private bool Rises(Level blocks)
    {
        for (int age = 0; age < Blocks - 1; age++)
        {
            if (blocks[age].Loss <= blocks[age + 1].Loss)
            {
                return false;
            }
        }

        LossBlock first = blocks[Blocks - 1];
        LossBlock last = blocks[0];
        double mean = (first.Loss + last.Loss) / 2;
        double variance = Math.Max(mean * mean, _varianceSum / Math.Max(1, _intervals - 2));
        double error = Math.Sqrt(variance * ((1.0 / first.Samples) + (1.0 / last.Samples)));
        return last.Loss - first.Loss >= Math.Max(LeastRise * first.Loss, StandardErrors * error);
    }

    /// <summary>The last six blocks of one length.</summary>
    private sealed class Level
    {
        private readonly LossBlock[] _ring = new LossBlock[Blocks];

        public Level()
        {
        }

        public Level(LossLevelState state)
        {
            Count = state.Count;
            state.Ring.CopyTo(_ring, 0);
        }

        /// <summary>Blocks ever added.</summary>
        public long Count { get; private set; }

        /// <summary>The block added <paramref name="age"/> blocks ago, 0 being the last.</summary>
        public LossBlock this[int age] => _ring[(int)((Count - 1 - age) % Blocks)];

        public LossLevelState Save() => new(Count, [.. _ring]);

        public void Add(LossBlock block) => _ring[(int)(Count++ % Blocks)] = block;
    }
}
