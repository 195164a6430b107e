namespace Dlrm.Cli.Options;

/// <summary>Options of <c>dlrm serve</c>.</summary>
internal static class ServeFlags
{
    public static readonly ToolOption<string> Model = new(
        "model", OptionGroup.Serve, new Text("DIR"), "",
        "one model: a model folder, a run's folder, or a folder whose sub-folders 1, 2, … are versions")
    { IsNew = true };

    public static readonly ToolOption<string> Models = new(
        "models", OptionGroup.Serve, new Text("DIR"), "", "a folder with a sub-folder for each model, named as the model")
    { IsNew = true };

    public static readonly ToolOption<string> Listen = new(
        "listen", OptionGroup.Serve, new Text("ADDRESS:PORT,…"), "127.0.0.1:8080", "where to listen for HTTP; port 0 takes a free one")
    { IsNew = true };

    public static readonly ToolOption<string> Grpc = new(
        "grpc", OptionGroup.Serve, new Text("ADDRESS:PORT,…"), "", "where to listen for gRPC; with --tls-cert it is on --listen too", "off")
    { IsNew = true };

    public static readonly ToolOption<long> MaxBatch = new(
        "max-batch", OptionGroup.Serve, new WholeNumber(1, 1 << 20), 256, "rows of several requests that are scored at once at most")
    { IsNew = true };

    public static readonly ToolOption<long> BatchDelay = new(
        "batch-delay", OptionGroup.Serve, new WholeNumber(0, 10_000, "MS"), 0,
        "milliseconds that a row may wait for others while an engine is free; 0 takes what waits")
    { IsNew = true };

    public static readonly ToolOption<long> Queue = new(
        "queue", OptionGroup.Serve, new WholeNumber(1), 8192, "rows that may wait for an engine; more are answered with 429")
    { IsNew = true };

    public static readonly ToolOption<long> MaxRows = new(
        "max-rows", OptionGroup.Serve, new WholeNumber(1, 1 << 20), 4096, "rows of one request at most")
    { IsNew = true };

    public static readonly ToolOption<long> MaxBody = new(
        "max-body", OptionGroup.Serve, new WholeNumber(1024, int.MaxValue, "BYTES"), 16 << 20, "bytes of one request at most", "16777216")
    { IsNew = true };

    public static readonly ToolOption<long> MaxConnections = new(
        "max-connections", OptionGroup.Serve, new WholeNumber(1), 16_384, "connections at a time")
    { IsNew = true };

    public static readonly ToolOption<long> Timeout = new(
        "timeout", OptionGroup.Serve, new WholeNumber(1, 600_000, "MS"), 10_000,
        "milliseconds a request may take, where its Request-Timeout-Ms or gRPC deadline does not say; then 504")
    { IsNew = true };

    public static readonly ToolOption<long> Rate = new(
        "rate", OptionGroup.Serve, new WholeNumber(0, 1_000_000), 0, "requests a second of one client; more are answered with 429", "0, any number")
    { IsNew = true };

    public static readonly ToolOption<long> Engines = new(
        "engines", OptionGroup.Serve, new WholeNumber(0, 1024), 0, "engines of a model, each scoring a batch at a time", "half of the cores")
    { IsNew = true };

    public static readonly ToolOption<long> EngineThreads = new(
        "engine-threads", OptionGroup.Serve, new WholeNumber(1, 1024), 1, "threads of an engine: more make large batches faster")
    { IsNew = true };

    public static readonly ToolOption<double> Poll = new(
        "poll", OptionGroup.Serve, new Number(0, 86_400), 1, "seconds between looks for new versions; 0 for none")
    { IsNew = true };

    public static readonly ToolOption<string> ApiKeys = new(
        "api-keys", OptionGroup.Serve, new Text("FILE"), "", "clients that are answered: a name and the SHA-256 of its key a line")
    { IsNew = true };

    public static readonly ToolOption<string> NewApiKey = new(
        "new-api-key", OptionGroup.Serve, new Text("NAME"), "", "print a new key and its line for --api-keys, and end")
    { IsNew = true };

    public static readonly ToolOption<string> JwtKey = new(
        "jwt-key", OptionGroup.Serve, new Text("FILE"), "", "answer bearer tokens signed with this: a public key in PEM, or a secret")
    { IsNew = true };

    public static readonly ToolOption<string> JwtIssuer = new(
        "jwt-issuer", OptionGroup.Serve, new Text("NAME"), "", "the issuer that tokens must name")
    { IsNew = true };

    public static readonly ToolOption<string> JwtAudience = new(
        "jwt-audience", OptionGroup.Serve, new Text("NAME"), "", "the audience that tokens must name")
    { IsNew = true };

    public static readonly ToolOption<bool> AllowAnonymous = new(
        "allow-anonymous", OptionGroup.Serve, new Flag(), false, "answer anybody although other machines can reach the server")
    { IsNew = true };

    public static readonly ToolOption<string> TlsCertificate = new(
        "tls-cert", OptionGroup.Serve, new Text("FILE"), "", "serve with TLS: a certificate in PEM or PFX (its password in DLRM_TLS_PASSWORD)")
    { IsNew = true };

    public static readonly ToolOption<string> TlsKey = new(
        "tls-key", OptionGroup.Serve, new Text("FILE"), "", "the certificate's private key in PEM, where it is in a file of its own")
    { IsNew = true };

    public static readonly ToolOption<long> Drain = new(
        "drain", OptionGroup.Serve, new WholeNumber(0, 3600, "SECONDS"), 30, "how long requests under way may go on after SIGTERM")
    { IsNew = true };

    public static readonly ToolOption<bool> LogRequests = new(
        "log-requests", OptionGroup.Serve, new Flag(), false, "also log a line a request")
    { IsNew = true };

    public static IReadOnlyList<ToolOption> All { get; } =
    [
        Model, Models, Listen, Grpc, MaxBatch, BatchDelay, Queue, MaxRows, MaxBody, MaxConnections, Timeout, Rate, Engines, EngineThreads,
        Poll, ApiKeys, NewApiKey, JwtKey, JwtIssuer, JwtAudience, AllowAnonymous, TlsCertificate, TlsKey, Drain, LogRequests,
    ];
}
