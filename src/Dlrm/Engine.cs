using Dlrm.Kernels;
using Dlrm.Profiling;
using Dlrm.Threading;

namespace Dlrm;

/// <summary>What a model computes with: a team of workers and an instruction set. Neither changes a single bit.</summary>
public sealed class Engine : IDisposable
{
    /// <summary>Starts an engine.</summary>
    /// <param name="threads">Workers, 1 or more; null for every core that the process may use.</param>
    /// <param name="instructionSet">Null for the fastest one (or what <see cref="InstructionSets.Variable"/> names).</param>
    public Engine(int? threads = null, InstructionSet? instructionSet = null)
    {
        InstructionSet = instructionSet ?? InstructionSets.Choose();
        Team = new WorkerTeam(threads ?? WorkerTeam.DefaultWorkers);
    }

    /// <summary>The workers.</summary>
    public WorkerTeam Team { get; }

    /// <summary>The instruction set that kernels are chosen for.</summary>
    public InstructionSet InstructionSet { get; }

    /// <summary>Measures what is computed with this engine; null for nobody, which costs nothing. Set it between steps.</summary>
    public Profiler? Profiler
    {
        get => Team.Profiler;
        set => Team.Profiler = value;
    }

    /// <summary>Ends the workers.</summary>
    public void Dispose() => Team.Dispose();
}
