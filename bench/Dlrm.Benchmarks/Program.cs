using BenchmarkDotNet.Running;
using Dlrm.Benchmarks;

if (args is ["checkpoint", _, ..])
{
    CheckpointPause.Run(args[1..]);
    return;
}

if (args is ["snapshot-grain", ..])
{
    SnapshotGrain.Run(args[1..]);
    return;
}

if (args is ["ffm", _, ..])
{
    FactorizationMachine.Run(args[1..]);
    return;
}

if (args is ["ranks", _, ..])
{
    RankTraining.Run(args[1..]);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
