using System.Text.Json;
using Dlrm.Mpi.Launching;
using Dlrm.Mpi.Monitoring;

namespace Dlrm.Mpi;

/// <summary>This process as one rank of a job: its communicator, the watch over the others, and how it ends.</summary>
public sealed class MpiJob : IDisposable
{
    /// <summary>Where to write which rank failed, for the launcher: a file on its host.</summary>
    public const string FailureVariable = "DLRM_FAILURE_FILE";

    private readonly TextWriter _error;
    private readonly RankMonitor? _monitor; // null while it starts
    private int _failing;
    private bool _finished;

    private MpiJob(MpiCommunicator communicator, TextWriter error)
    {
        Communicator = communicator;
        _error = error;
        _monitor = RankMonitor.Start(communicator, Failed);
        if (communicator.Rank == 0 && _monitor.Unwatched.Count > 0)
        {
            error.WriteLine(
                $"Warning: {Words.Ranks(_monitor.Unwatched)} cannot reach rank 0 on {communicator.Host} by TCP, so whether they are alive is told only "
                + "by --comm-timeout. Let the hosts connect to each other on any port.");
        }

        (Hosts, Cores) = RankCores.Share(communicator);
        communicator.LetProgress(byDefault: Hosts.Distinct().Skip(1).Any());
    }

    /// <summary>What the ranks say to each other.</summary>
    public MpiCommunicator Communicator { get; }

    /// <summary>The host of every rank.</summary>
    public IReadOnlyList<string> Hosts { get; }

    /// <summary>Processor cores for this rank: those it may use, divided among the ranks that may use the same.</summary>
    public int Cores { get; }

    /// <summary>Joins the job that this process was started for. Every rank calls it.</summary>
    /// <param name="environment">What started the process.</param>
    /// <param name="error">Told of ranks that fail.</param>
    /// <exception cref="Distributed.CommunicationException">MPI is not installed or does not start.</exception>
    public static MpiJob Join(LaunchEnvironment environment, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return new MpiJob(MpiCommunicator.Join(environment.IsMpich), error);
    }

    /// <summary>Ends in order. Every rank calls it.</summary>
    public void Finish()
    {
        Communicator.Barrier();
        _monitor!.Dispose();
        Communicator.Finish();
        _finished = true;
    }

    /// <summary>Ends the whole job at once, because of this rank: prints who and why. Does not return.</summary>
    /// <param name="cause">What went wrong.</param>
    /// <param name="exitCode">1 … 255.</param>
    /// <param name="onAllRanks">True where every rank fails with this cause: rank 0 prints it for all, without a name.</param>
    public void Fail(string cause, int exitCode, bool onAllRanks = false)
    {
        if (onAllRanks && Communicator.Rank != 0)
        {
            Thread.Sleep(RankMonitor.Silence); // rank 0 ends the job meanwhile
        }

        if (Interlocked.Exchange(ref _failing, 1) != 0)
        {
            Thread.Sleep(Timeout.Infinite); // the monitor is ending the process already
        }

        string text = onAllRanks ? cause : $"Rank {Communicator.Rank} on {Communicator.Host}: {cause}";
        _error.WriteLine(text);
        if (!onAllRanks)
        {
            Record(new RankFailure(Communicator.Rank, Communicator.Host, text, true));
        }

        _monitor?.Tell(cause);
        Communicator.Abort(exitCode);
    }

    /// <summary>Gives the memory back. Without <see cref="Finish"/> before, this rank failed, and the job ends.</summary>
    public void Dispose()
    {
        if (!_finished)
        {
            Fail("it ended before the job was done.", 1);
        }

        Communicator.Dispose();
    }

    /// <summary>Another rank failed: on the monitor's thread.</summary>
    private void Failed(RankFailure failure)
    {
        if (Interlocked.Exchange(ref _failing, 1) != 0)
        {
            return;
        }

        if (!failure.Told)
        {
            _error.WriteLine(failure.Cause);
        }

        Record(failure);
        _monitor?.Tell(failure.Cause); // so that nobody takes the end of this rank for the failure
        Communicator.Abort(1);
    }

    /// <summary>Tells the launcher, where it runs on this host.</summary>
    private void Record(RankFailure failure)
    {
        if (LauncherProcess.OnHost(Communicator.Host) == 0
            || Environment.GetEnvironmentVariable(FailureVariable) is not { Length: > 0 } path)
        {
            return;
        }

        try
        {
            File.AppendAllText(path, JsonSerializer.Serialize(failure, RankFailureJson.Default.RankFailure) + "\n");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _error.WriteLine($"The failure could not be recorded in {path}: {exception.Message}");
        }
    }
}
