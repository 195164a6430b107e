using Dlrm.Distributed.Planning;

namespace Dlrm.Tests.Distributed.Planning;

/// <summary>Figures as they were measured on two cores of a server, rounded: plans of tests do not depend on where they run.</summary>
internal static class Machines
{
    public static MachineFigures Server(int cores = 16) => new()
    {
        Description = "a server of tests",
        CoresPerHost = cores,
        MemoryPerHost = 256L << 30,
        Threads = 1,
        PeakGflops = 240,
        Rows = new RowSpeeds
        {
            TableBytes = [64 << 10, 512 << 10, 4 << 20, 32 << 20, 128 << 20, 512 << 20],
            RowBytes = [64, 256],
            GatherNanoseconds = [[2, 2.1, 2.2, 7, 14, 20], [3.5, 3.6, 3.7, 13, 24, 50]],
            UpdateNanoseconds = [[2.4, 2.5, 2.6, 8, 20, 26], [5, 5.1, 5.4, 15, 29, 55]],
        },
        MemorySharing = 1.3,
        Stages = new StageCosts
        {
            TowerForward = [1.17, 0.157, 0, 3000],
            TowerBackward = [1.1, 0.26, 0, 760],
            InteractionForward = [0.03, 0.21, 1.6],
            InteractionBackward = [1.15, 0.19, 0],
            Loss = [9.4, 940],
            DenseUpdate = [0.041, 13],
            Validate = [0.32, 0.28],
            Gather = [0.65, 0.12, 1.6],
            Update = [1.8, 1, 0.07, 3.7, 812],
        },
    };
}
