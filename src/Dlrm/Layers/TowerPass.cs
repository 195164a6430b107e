namespace Dlrm.Layers;

/// <summary>How a tower is passed through: in training or not, and with which random draws.</summary>
/// <param name="IsTraining">Dropout drops, and batch normalization uses the batch's own statistics.</param>
/// <param name="Seed">Of the run.</param>
/// <param name="Step">Updates done before.</param>
/// <param name="FirstSample">The first sample's number among those of the update.</param>
internal readonly record struct TowerPass(bool IsTraining, long Seed, long Step, long FirstSample);
