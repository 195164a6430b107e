using BenchmarkDotNet.Running;
using Dlrm.Benchmarks;

if (args.Length == 5 && args[0] == "checkpoint")
{
    CheckpointPause.Run(args[1..]);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
