using Dlrm.Cli.Options;
using Dlrm.Cli.Output;
using Dlrm.Serving;
using Dlrm.Serving.Security;
using Microsoft.AspNetCore.Builder;

namespace Dlrm.Cli.Commands;

/// <summary><c>dlrm serve</c>.</summary>
internal sealed class ServeCommand : ToolCommand
{
    public override string Name => "serve";

    public override string Summary => "answers requests for scores over HTTP and gRPC";

    public override IReadOnlyList<(string CommandLine, string Effect)> Examples { get; } =
    [
        ("dlrm serve runs/20260102-150405", "on http://127.0.0.1:8080, which shows a page; POST /v1/score scores rows"),
        ("dlrm serve --models=/srv/models --grpc=127.0.0.1:8081", "every model there, its newest version; new ones take over by themselves"),
        ("dlrm serve --new-api-key=shop", "prints a key for a client and the line for keys.txt"),
        ("dlrm serve model --listen=0.0.0.0:8443 --api-keys=keys.txt --tls-cert=server.pem", "for other machines"),
    ];

    public override ToolOption Positional => ServeFlags.Model;

    public override IReadOnlyList<ToolOption> Options => field ??= [.. ServeFlags.All, RunOptions.Config];

    public override int Run(OptionValues values, ToolConsole console)
    {
        if (values.Get(ServeFlags.NewApiKey) is { Length: > 0 } name)
        {
            return PrintKey(name, console);
        }

        if (values.IsGiven(ServeFlags.Model) == values.IsGiven(ServeFlags.Models))
        {
            throw new UsageException(
                values.IsGiven(ServeFlags.Model)
                    ? "--model is one model, --models a folder of them: leave one out."
                    : "No model is named: give a folder that dlrm train wrote, as in: dlrm serve runs/20260102-150405, or --models=DIR.");
        }

        WebApplication server;
        try
        {
            server = DlrmServer.Build(Models(values), Server(values));
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }

        DlrmServer.RunAsync(server, addresses => Announce(addresses, console)).GetAwaiter().GetResult();
        return ExitCode.Done;
    }

    private static int PrintKey(string name, ToolConsole console)
    {
        if (name.Any(char.IsWhiteSpace) || name.StartsWith('#'))
        {
            throw new UsageException($"--new-api-key={name}: a client's name has no spaces and does not begin with #.");
        }

        (string key, string line) = ApiKeys.Create(name);
        console.Error.WriteLine("For the client, and nowhere else; it is not kept:");
        console.Error.WriteLine($"  {key}");
        console.Error.WriteLine("For the file of --api-keys:");
        console.Out.WriteLine(line);
        return ExitCode.Done;
    }

    private static ServingOptions Models(OptionValues values) => new()
    {
        Model = NullIfEmpty(values.Get(ServeFlags.Model)),
        Models = NullIfEmpty(values.Get(ServeFlags.Models)),
        MaxBatch = values.GetInt(ServeFlags.MaxBatch),
        BatchDelay = TimeSpan.FromMilliseconds(values.Get(ServeFlags.BatchDelay)),
        QueueRows = values.GetInt(ServeFlags.Queue),
        MaxRows = values.GetInt(ServeFlags.MaxRows),
        Timeout = TimeSpan.FromMilliseconds(values.Get(ServeFlags.Timeout)),
        Engines = values.GetInt(ServeFlags.Engines),
        Threads = values.GetInt(ServeFlags.EngineThreads),
        PollInterval = TimeSpan.FromSeconds(values.Get(ServeFlags.Poll)),
    };

    private static ServerOptions Server(OptionValues values) => new()
    {
        Listen = Addresses(values.Get(ServeFlags.Listen)),
        Grpc = Addresses(values.Get(ServeFlags.Grpc)),
        ApiKeys = NullIfEmpty(values.Get(ServeFlags.ApiKeys)),
        JwtKey = NullIfEmpty(values.Get(ServeFlags.JwtKey)),
        JwtIssuer = NullIfEmpty(values.Get(ServeFlags.JwtIssuer)),
        JwtAudience = NullIfEmpty(values.Get(ServeFlags.JwtAudience)),
        AllowAnonymous = values.Get(ServeFlags.AllowAnonymous),
        TlsCertificate = NullIfEmpty(values.Get(ServeFlags.TlsCertificate)),
        TlsKey = NullIfEmpty(values.Get(ServeFlags.TlsKey)),
        MaxBodyBytes = values.Get(ServeFlags.MaxBody),
        MaxConnections = values.GetInt(ServeFlags.MaxConnections),
        RatePerSecond = values.GetInt(ServeFlags.Rate),
        DrainTime = TimeSpan.FromSeconds(values.Get(ServeFlags.Drain)),
        LogRequests = values.Get(ServeFlags.LogRequests),
    };

    private static void Announce(IEnumerable<string> addresses, ToolConsole console)
    {
        foreach (string address in addresses)
        {
            console.Out.WriteLine($"Serving on {address}");
        }

        console.Out.Flush();
    }

    private static string[] Addresses(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
