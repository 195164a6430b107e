using CsCheck;
using Dlrm.Distributed.Planning;
using Dlrm.Model;

namespace Dlrm.Tests.Distributed.Planning;

/// <summary>Requests for tests.</summary>
internal static class Requests
{
    private static readonly string[] Optimizers = ["sgd", "adagrad", "rwsadagrad"];

    /// <summary>Models of few tables of very different sizes, on a few ranks with enough memory.</summary>
    public static Gen<PlanRequest> Any { get; } =
        from rows in Gen.OneOf(Gen.Int[1, 50], Gen.Int[1_000, 100_000], Gen.Int[1_000_000, 40_000_000]).Array[1, 9]
        from lookups in Gen.OneOf(Gen.Double[0, 2], Gen.Double[5, 100]).Array[rows.Length]
        from skew in Gen.Double[0, 1.4]
        from dimension in Gen.OneOf(Gen.Const(8), Gen.Const(16), Gen.Const(64), Gen.Const(128))
        from hosts in Gen.Int[1, 3]
        from perHost in Gen.Int[1, 4]
        from batch in Gen.Int[12, 5_000]
        from optimizer in Gen.Int[0, 2]
        select Of(rows, dimension, batch, hosts * perHost, hosts) with
        {
            Lookups = [.. rows.Zip(lookups, (count, perSample) => TableLookups.PowerLaw(count, perSample, skew))],
            Optimizer = Optimizers[optimizer],
        };

    /// <summary>One lookup a bag, evenly spread.</summary>
    public static PlanRequest Of(int[] rows, int dimension, int batch, int ranks, int hosts = 1) => new()
    {
        Model = new DlrmConfig
        {
            TableRows = rows,
            EmbeddingDimension = dimension,
            BottomMlp = [13, 64, dimension],
            TopMlp = [64, 1],
        },
        Lookups = [.. rows.Select(count => TableLookups.Uniform(count, 1))],
        BatchSize = batch,
        Ranks = ranks,
        Hosts = hosts,
        ThreadsPerRank = 1,
        MemoryPerRank = 1L << 40,
        Machine = Machines.Server(),
    };
}
