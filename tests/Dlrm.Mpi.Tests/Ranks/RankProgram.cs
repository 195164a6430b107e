using System.Globalization;
using Dlrm.Mpi.Launching;
using Dlrm.Mpi.Monitoring;

namespace Dlrm.Mpi.Tests.Ranks;

/// <summary>What a process does that a test started as a rank.</summary>
internal static class RankProgram
{
    public static int Run(string what, string[] arguments)
    {
        Environment.SetEnvironmentVariable("TERM", "dumb"); // mpirun's pipes look like terminals
        LaunchEnvironment environment = LaunchEnvironment.Detect() ?? new LaunchEnvironment("none", 0, 1, false);
        using MpiJob job = MpiJob.Join(environment, Console.Error);
        try
        {
            switch (what)
            {
                case "collectives":
                    new CollectiveChecks(job.Communicator).All();
                    break;
                case "speed":
                    SumSpeed.Print(job.Communicator);
                    break;
                case "mismatch":
                    RankAgreement.Check(job.Communicator, [("--learning-rate", job.Communicator.Rank == 1 ? "0.2" : "0.1"), ("version", "1")]);
                    break;
                case "loop":
                    Loop(job, arguments[0], failing: arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : -1);
                    break;
                case "golden":
                    GoldenRuns.Run(arguments[0], arguments[1], arguments[2..], job);
                    break;
                case "absent":
                    Absent(job);
                    break;
                default:
                    throw new ArgumentException(what);
            }
        }
        catch (Exception exception)
        {
            job.Fail(exception.Message, 1, exception is RankDisagreementException);
        }

        job.Finish();
        return 0;
    }

    /// <summary>Barriers without end. Each rank leaves its process number in a file; one may throw after a hundred.</summary>
    private static void Loop(MpiJob job, string folder, int failing)
    {
        MpiCommunicator communicator = job.Communicator;
        for (int i = 0; ; i++)
        {
            communicator.Barrier();
            if (i == 100)
            {
                if (communicator.Rank == failing)
                {
                    throw new InvalidDataException("its data are bad.");
                }

                string path = Path.Combine(folder, communicator.Rank.ToString(CultureInfo.InvariantCulture));
                File.WriteAllText(path + ".tmp", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
                File.Move(path + ".tmp", path);
            }
        }
    }

    /// <summary>Rank 1 is alive but does not come.</summary>
    private static void Absent(MpiJob job)
    {
        job.Communicator.TimeLimit = TimeSpan.FromSeconds(1);
        if (job.Communicator.Rank == 1)
        {
            Thread.Sleep(RankMonitor.Silence * 10);
        }

        job.Communicator.Barrier();
    }
}
