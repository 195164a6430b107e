namespace Dlrm.Cli.Output;

/// <summary>Prints findings about a run as lines of their own on standard error.</summary>
internal sealed class WarningLines(TextWriter error) : TrainingObserver
{
    public override void Warned(string message) => error.WriteLine($"Warning: {message}");
}
