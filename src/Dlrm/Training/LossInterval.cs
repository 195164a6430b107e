namespace Dlrm.Training;

/// <summary>Sums since the last report of the training loss.</summary>
internal sealed class LossInterval
{
    private double _loss;
    private long _samples;
    private int _steps;
    private double _rate;
    private TimeSpan _begun;

    /// <summary>The sums as a checkpoint keeps them; setting them continues the interval.</summary>
    public IntervalSums Sums
    {
        get => new(_loss, _samples, _steps, _rate);
        set => (_loss, _samples, _steps, _rate) = (value.Loss, value.Samples, value.Steps, value.Rate);
    }

    /// <summary>Training time when the interval began.</summary>
    public TimeSpan Begun
    {
        get => _begun;
        set => _begun = value;
    }

    public void Add(float loss, int samples, double rate)
    {
        _loss += (double)loss * samples;
        _samples += samples;
        _steps++;
        _rate = rate;
    }

    public TrainRecord Finish(long step, int iteration, int batchesPerEpoch, int epoch, long samples, TimeSpan trainingTime)
    {
        var record = new TrainRecord(
            step,
            iteration,
            batchesPerEpoch,
            epoch,
            _loss / _samples,
            (trainingTime - _begun).TotalMilliseconds / _steps,
            _rate,
            samples);
        (_loss, _samples, _steps, _begun) = (0, 0, 0, trainingTime);
        return record;
    }
}

/// <summary>What has been added up since the last report.</summary>
/// <param name="Loss">Σ loss · samples.</param>
/// <param name="Samples">Samples.</param>
/// <param name="Steps">Steps.</param>
/// <param name="Rate">Learning rate of the last step.</param>
public sealed record IntervalSums(double Loss, long Samples, int Steps, double Rate);
