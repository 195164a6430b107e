using System.Runtime.InteropServices;
using Dlrm.Mpi.Native;

namespace Dlrm.Cli.Commands;

/// <summary>
/// Ctrl-C, or a request to end (SIGTERM): the first asks the run to stop after the step under way, the second ends the
/// process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly TextWriter _error;
    private readonly bool _asRank;
    private int _signals;

    /// <summary>Begins to listen.</summary>
    /// <param name="error">Told what happens.</param>
    /// <param name="asRank">
    /// True in a rank of a job: SIGUSR1, which launchers hand on to their ranks, asks for the end too.
    /// </param>
    public Interruption(TextWriter error, bool asRank = false)
    {
        _error = error;
        _asRank = asRank;
        PosixSignal[] signals = asRank
            ? [PosixSignal.SIGINT, PosixSignal.SIGTERM, (PosixSignal)SystemCalls.UserSignal]
            : [PosixSignal.SIGINT, PosixSignal.SIGTERM];
        _registrations = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) == 1)
        {
            // SIGTERM is also how launchers end the ranks of a job that failed: then nothing is saved.
            if (!_asRank || context.Signal != PosixSignal.SIGTERM)
            {
                _error.WriteLine("Finishing this step and saving; once more ends at once.");
            }

            _source.Cancel();
            return;
        }

        Environment.Exit(ExitCode.Interrupted);
    }
}
