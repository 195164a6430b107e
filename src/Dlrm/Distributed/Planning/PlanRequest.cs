using Dlrm.Model;

namespace Dlrm.Distributed.Planning;

/// <summary>What a plan is asked for.</summary>
public sealed record PlanRequest
{
    /// <summary>The model.</summary>
    public required DlrmConfig Model { get; init; }

    /// <summary>How each table is looked up, (T).</summary>
    public required IReadOnlyList<TableLookups> Lookups { get; init; }

    /// <summary>B: samples of a step over all ranks.</summary>
    public required int BatchSize { get; init; }

    /// <summary>N.</summary>
    public required int Ranks { get; init; }

    /// <summary>H: hosts, over which ranks are dealt out in contiguous runs; N is a multiple.</summary>
    public int Hosts { get; init; } = 1;

    /// <summary>Threads of a rank; 0 for a host's cores over its ranks, 1 at least.</summary>
    public int ThreadsPerRank { get; init; }

    /// <summary>Bytes that a rank may use; 0 for a host's memory over its ranks.</summary>
    public long MemoryPerRank { get; init; }

    /// <summary>The update rule, which decides the state beside a row.</summary>
    public string Optimizer { get; init; } = "sgd";

    /// <summary>Bytes of an element in exchanges: 4, or 2 with <c>--comm-dtype=bf16</c>.</summary>
    public int ExchangedBytes { get; init; } = sizeof(float);

    /// <summary>The hosts.</summary>
    public required MachineFigures Machine { get; init; }

    /// <summary>Ranks of a host.</summary>
    internal int RanksPerHost => Ranks / Hosts;

    /// <summary>Threads of a rank as decided.</summary>
    internal int Threads => ThreadsPerRank > 0 ? ThreadsPerRank : Math.Max(1, Machine.CoresPerHost / RanksPerHost);

    /// <summary>Memory of a rank as decided.</summary>
    internal long Memory => MemoryPerRank > 0 ? MemoryPerRank : Machine.MemoryPerHost / RanksPerHost;

    /// <summary>Samples of a rank.</summary>
    internal int SamplesOf(int rank) => BatchParts.Count(BatchSize, rank, Ranks);

    /// <summary>Samples of the rank that has most.</summary>
    internal int MostSamples => (BatchSize + Ranks - 1) / Ranks;

    /// <summary>Checks that the parts fit one another.</summary>
    /// <exception cref="ArgumentException">They do not; the message names both sides.</exception>
    public void Validate()
    {
        Model.Validate();
        Require(Ranks >= 1, $"There are {Ranks} ranks; a job has 1 or more (--ranks).");
        Require(Hosts >= 1 && Ranks % Hosts == 0, $"{Ranks} ranks cannot be dealt out evenly over {Hosts} hosts: make --ranks a multiple of --hosts.");
        Require(
            BatchSize >= Ranks,
            $"A batch of {BatchSize} gives some of {Ranks} ranks no sample: raise --mini-batch-size, or ask for {BatchSize} ranks at most.");
        Require(
            Lookups.Count == Model.TableRows.Count,
            $"There are statistics of {Lookups.Count} tables, and the model has {Model.TableRows.Count}.");
        for (int table = 0; table < Lookups.Count; table++)
        {
            Require(
                Lookups[table].Rows == Model.TableRows[table],
                $"The statistics say {Lookups[table].Rows} rows for table {table}, the model {Model.TableRows[table]}.");
        }

        _ = Optimizers.Optimizer.StateCopies(Optimizer);
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
