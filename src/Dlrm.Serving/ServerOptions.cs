using System.Net;

namespace Dlrm.Serving;

/// <summary>Where the server listens, whom it answers, and what it puts up with.</summary>
public sealed record ServerOptions
{
    /// <summary>Addresses for HTTP, each <c>ADDRESS:PORT</c>, <c>localhost:PORT</c> or <c>[IPv6]:PORT</c>; port 0 takes a free one.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["127.0.0.1:8080"];

    /// <summary>
    /// Further addresses for gRPC without TLS, which cannot share a port with HTTP/1.1; with TLS gRPC is also on <see cref="Listen"/>.
    /// </summary>
    public IReadOnlyList<string> Grpc { get; init; } = [];

    /// <summary>A file of clients and the SHA-256 of their keys, one <c>NAME HASH</c> a line; null for none.</summary>
    public string? ApiKeys { get; init; }

    /// <summary>A file with what signs tokens: a public key in PEM, or a secret of 32 bytes or more; null for no tokens.</summary>
    public string? JwtKey { get; init; }

    /// <summary>The issuer that tokens must name; null for any.</summary>
    public string? JwtIssuer { get; init; }

    /// <summary>The audience that tokens must name; null for any.</summary>
    public string? JwtAudience { get; init; }

    /// <summary>Answer anybody although the server can be reached from other machines.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>The certificate, PEM with its chain or PFX; null for no TLS.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>The certificate's private key in PEM; null where the certificate's file holds it.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Bytes of a request's body at most.</summary>
    public long MaxBodyBytes { get; init; } = 16 << 20;

    /// <summary>Connections at a time.</summary>
    public int MaxConnections { get; init; } = 16_384;

    /// <summary>Requests a second of one client (by its key, else by its address), in the long run; 0 for any number.</summary>
    public int RatePerSecond { get; init; }

    /// <summary>How long requests under way may go on when the server is asked to end.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Log at debug level, which has a line a request.</summary>
    public bool LogRequests { get; init; }

    /// <summary>How long a body may come slower than Kestrel's 240 bytes a second.</summary>
    internal TimeSpan SlowBodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>No log at all.</summary>
    internal bool Silent { get; init; }

    internal bool NeedsKeys => ApiKeys is not null || JwtKey is not null;

    internal bool IsLoopback => Listen.Concat(Grpc).All(address => IPAddress.IsLoopback(Parse(address).Address));

    /// <summary>Checks that the options make sense, before anything listens.</summary>
    /// <exception cref="ArgumentException">They do not; the message says why.</exception>
    internal void Validate()
    {
        if (Listen.Count == 0)
        {
            throw new ArgumentException("Name an address to listen on (--listen=127.0.0.1:8080).");
        }

        if (!IsLoopback && !NeedsKeys && !AllowAnonymous)
        {
            throw new ArgumentException(
                $"--listen={string.Join(',', Listen.Concat(Grpc))} can be reached from other machines, and nobody would be asked who they are: add "
                + "--api-keys=FILE or --jwt-key=FILE, listen on 127.0.0.1, or say --allow-anonymous.");
        }

        if (TlsKey is not null && TlsCertificate is null)
        {
            throw new ArgumentException("--tls-key is the key of a certificate: name that too (--tls-cert=FILE).");
        }

        if (JwtKey is null && (JwtIssuer ?? JwtAudience) is not null)
        {
            throw new ArgumentException("--jwt-issuer and --jwt-audience are about tokens: name what signs them (--jwt-key=FILE).");
        }
    }

    internal static IPEndPoint Parse(string address)
    {
        string text = address.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + address["localhost".Length..] : address;
        text = text.StartsWith("*:", StringComparison.Ordinal) ? "0.0.0.0" + text[1..] : text;
        return text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? end) && !EndsWithoutPort(text)
            ? end
            : throw new ArgumentException($"'{address}' is no address to listen on: write ADDRESS:PORT, such as 127.0.0.1:8080 or 0.0.0.0:8080.");
    }

    private static bool EndsWithoutPort(string text) => text.EndsWith(']') || (text.Count(letter => letter == ':') > 1 && !text.StartsWith('['));
}
