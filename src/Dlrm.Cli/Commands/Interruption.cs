using System.Runtime.InteropServices;
using Dlrm.Cli.Output;
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

    private readonly string _message;

    /// <summary>Begins to listen.</summary>
    /// <param name="error">Told what happens.</param>
    /// <param name="message">What the first signal does.</param>
    /// <param name="isTerminal">True where a progress bar may stand in the line: it is cleared first.</param>
    /// <param name="asRank">
    /// True in a rank of a job: SIGUSR1, which launchers hand on to their ranks, asks for the end too.
    /// </param>
    public Interruption(
        TextWriter error,
        string message = "Finishing this step and saving; once more ends at once.",
        bool isTerminal = false,
        bool asRank = false)
    {
        _error = error;
        _message = (isTerminal ? ToolConsole.ClearLine : "") + message;
        _asRank = asRank;
        PosixSignal[] signals = asRank
            ? [PosixSignal.SIGINT, PosixSignal.SIGTERM, (PosixSignal)SystemCalls.UserSignal]
            : [PosixSignal.SIGINT, PosixSignal.SIGTERM];
        _registrations = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Tells the message in place of standard error, while a display stands on the terminal; null for none.</summary>
    public Action<string>? Tell { get; set; }

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
                (Tell ?? _error.WriteLine)(_message);
            }

            _source.Cancel();
            return;
        }

        Environment.Exit(ExitCode.Interrupted);
    }
}
