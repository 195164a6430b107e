using Dlrm.Cli.Commands;
using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Mpi;
using Dlrm.Mpi.Launching;

namespace Dlrm.Cli.Running;

/// <summary>A command as one rank of a job: joined before, ended in order after, and at once on all ranks when it fails.</summary>
internal static class RankProcess
{
    /// <summary>Runs a command in this process alone, as a rank, or as what starts the ranks.</summary>
    /// <param name="name">The command.</param>
    /// <param name="values">Its options.</param>
    /// <param name="console">Where to print.</param>
    /// <param name="body">The command; it gets the job, or null in a process on its own.</param>
    /// <param name="goOn">Whether <c>--resume</c> goes on with it after a failure.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string name, OptionValues values, ToolConsole console, Func<MpiJob?, int> body, bool goOn)
    {
        if (console.Launch is { } launch)
        {
            return AsRank(launch, values, console, body);
        }

        int ranks = values.GetInt(RankOptions.Ranks);
        if (ranks > 1)
        {
            return RankStart.Run(name, values, console, goOn);
        }

        foreach (ToolOption option in RankOptions.Launching.Where(values.IsGiven))
        {
            throw new UsageException($"{option.Switch} is about several processes: add {RankOptions.Ranks.Switch}=N.");
        }

        return body(null);
    }

    private static int AsRank(LaunchEnvironment launch, OptionValues values, ToolConsole console, Func<MpiJob?, int> body)
    {
        using MpiJob job = MpiJob.Join(launch, console.Failures);
        int code = ExitCode.Failed;
        try
        {
            job.Communicator.TimeLimit = values.Get(RankOptions.Timeout);
            int ranks = values.GetInt(RankOptions.Ranks);
            if (values.IsGiven(RankOptions.Ranks) && ranks != job.Communicator.Size)
            {
                throw new UsageException(
                    $"{RankOptions.Ranks.Switch}={ranks}, but {launch.Launcher} started {job.Communicator.Size}: leave {RankOptions.Ranks.Switch} out "
                    + $"under {launch.Launcher}.");
            }

            code = body(job);
        }
        catch (UsageException exception)
        {
            job.Fail(exception.Message, ExitCode.BadUsage, onAllRanks: true);
        }
#pragma warning disable CA1031 // The outermost place of a rank: whatever reaches it ends the job.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            job.Fail(Tool.Describe(exception), ExitCode.Failed, onAllRanks: exception is RankDisagreementException);
        }

        job.Finish();
        return code;
    }
}
