using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dlrm.Serving.Models;
using Dlrm.Serving.Security;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace Dlrm.Serving.Tests.Security;

public sealed class SecurityTests(ServedCensus census) : IClassFixture<ServedCensus>, IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model = census.Model;

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("0.0.0.0:80")]
    [InlineData("*:80")]
    [InlineData("[::]:80")]
    [InlineData("10.0.0.1:80")]
    public void Beyond_this_machine_nobody_is_answered_without_being_asked_who_he_is(string address)
    {
        var options = new ServerOptions { Listen = [address] };
        ArgumentException exception = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Contains("--allow-anonymous", exception.Message, StringComparison.Ordinal);
        (options with { AllowAnonymous = true }).Validate();
        (options with { ApiKeys = "keys" }).Validate();
        (options with { JwtKey = "key" }).Validate();
        Assert.Throws<ArgumentException>((options with { Listen = ["127.0.0.1:1"], Grpc = [address] }).Validate);
    }

    [Theory]
    [InlineData("127.0.0.1:80")]
    [InlineData("localhost:80")]
    [InlineData("[::1]:80")]
    public void On_loopback_anybody_is_answered(string address) => new ServerOptions { Listen = [address] }.Validate();

    [Theory]
    [InlineData("80")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("example.org:80")]
    public void What_is_no_address_is_refused(string address) =>
        Assert.Throws<ArgumentException>(new ServerOptions { Listen = [address] }.Validate);

    [Fact]
    public async Task Without_a_key_only_health_and_the_page_answer()
    {
        (string key, string line) = ApiKeys.Create("shop");
        File.WriteAllText(_scratch["keys"], $"# clients\n\n{ApiKeys.Create("other").Line}\n{line}\n");
        Assert.DoesNotContain(key, File.ReadAllText(_scratch["keys"]), StringComparison.Ordinal);
        await using TestServer server = await TestServer.StartAsync(_model, new ServerOptions { ApiKeys = _scratch["keys"] });
        Assert.Contains("Say who you are", await server.RefusedAsync("/v1/score", "{}", HttpStatusCode.Unauthorized), StringComparison.Ordinal);
        foreach (string path in (string[])["/metrics", "/v1/models", "/v2", "/openapi.json", "/nothing"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, path));
        }

        foreach (string path in (string[])["/", "/v2/health/live", "/v2/health/ready"])
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, path));
        }

        Assert.Equal(HttpStatusCode.OK, await ScoreAsync(server, ("X-Api-Key", key)));
        Assert.Equal(HttpStatusCode.OK, await ScoreAsync(server, ("Authorization", $"Bearer {key}")));
        Assert.Equal(HttpStatusCode.Unauthorized, await ScoreAsync(server, ("X-Api-Key", key + "x")));
        Assert.Equal(HttpStatusCode.Unauthorized, await ScoreAsync(server, ("X-Api-Key", "")));
        Assert.Equal(HttpStatusCode.Unauthorized, await ScoreAsync(server, ("Authorization", $"Basic {key}")));
        Assert.Equal(HttpStatusCode.Unauthorized, await ScoreAsync(server, ("X-Api-Key", new string('k', 5000))));
    }

    [Theory]
    [InlineData("shop")]
    [InlineData("shop deadbeef")]
    [InlineData("shop key 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("# nobody")]
    public void A_file_of_keys_that_is_none_is_refused_without_showing_it(string text)
    {
        File.WriteAllText(_scratch["keys"], text);
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => ApiKeys.Read(_scratch["keys"]));
        Assert.DoesNotContain("deadbeef", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_answered_when_its_signature_time_issuer_and_audience_are_right()
    {
        using var right = RSA.Create(2048);
        using var wrong = RSA.Create(2048);
        File.WriteAllText(_scratch["key.pem"], right.ExportSubjectPublicKeyInfoPem());
        await using TestServer server = await TestServer.StartAsync(
            _model, new ServerOptions { JwtKey = _scratch["key.pem"], JwtIssuer = "us", JwtAudience = "scores" });
        Assert.Equal(HttpStatusCode.OK, await TokenAsync(Token(new RsaSecurityKey(right), "RS256")));
        Assert.Equal(HttpStatusCode.OK, await TokenAsync(Token(new RsaSecurityKey(right), "PS256")));
        Assert.Equal(HttpStatusCode.Unauthorized, await TokenAsync(Token(new RsaSecurityKey(wrong), "RS256")));
        Assert.Equal(HttpStatusCode.Unauthorized, await TokenAsync(Token(new RsaSecurityKey(right), "RS256", issuer: "them")));
        Assert.Equal(HttpStatusCode.Unauthorized, await TokenAsync(Token(new RsaSecurityKey(right), "RS256", audience: "other")));
        Assert.Equal(HttpStatusCode.Unauthorized, await TokenAsync(Token(new RsaSecurityKey(right), "RS256", minutes: -5)));

        // The old trick: the text of the public key as the secret of HS256; and no signature at all.
        var confusion = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(File.ReadAllText(_scratch["key.pem"]).Trim()));
        Assert.Equal(HttpStatusCode.Unauthorized, await TokenAsync(Token(confusion, "HS256")));
        Assert.Equal(HttpStatusCode.Unauthorized, await TokenAsync(
            $"{Base64UrlEncoder.Encode("""{"alg":"none"}""")}.{Base64UrlEncoder.Encode("""{"iss":"us","aud":"scores","exp":9999999999}""")}."));

        Task<HttpStatusCode> TokenAsync(string token) => ScoreAsync(server, ("Authorization", $"Bearer {token}"));
    }

    [Fact]
    public async Task Tokens_may_be_signed_with_a_secret_of_enough_bytes()
    {
        string secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        File.WriteAllText(_scratch["secret"], secret + "\n");
        await using TestServer server = await TestServer.StartAsync(_model, new ServerOptions { JwtKey = _scratch["secret"] });
        string token = Token(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)), "HS256");
        Assert.Equal(HttpStatusCode.OK, await ScoreAsync(server, ("Authorization", $"Bearer {token}")));
        File.WriteAllText(_scratch["short"], "hunter2");
        Assert.Throws<InvalidDataException>(() => JwtKeys.Read(_scratch["short"], null, null));
        using var own = RSA.Create(2048);
        File.WriteAllText(_scratch["private"], own.ExportPkcs8PrivateKeyPem());
        Assert.Throws<InvalidDataException>(() => JwtKeys.Read(_scratch["private"], null, null));
    }

    [Fact]
    public async Task A_site_that_names_itself_as_this_machine_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync(_model);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = "evil.example" } };
        using HttpResponseMessage answer = await server.Client.SendAsync(request, TestServer.Stop);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Empty(answer.Headers.Server);
    }

    [Fact]
    public async Task Bodies_beyond_the_limit_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(_model, new ServerOptions { MaxBodyBytes = 2000 });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.PostAsync("/v1/score", new string(' ', 3000) + "{}")).Status);
        using var compressed = new ByteArrayContent([1, 2, 3]) { Headers = { ContentEncoding = { "gzip" } } };
        using HttpResponseMessage answer = await server.Client.PostAsync("/v1/score", compressed, TestServer.Stop);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Fact]
    public async Task Who_asks_too_often_is_told_when_to_ask_again()
    {
        await using TestServer server = await TestServer.StartAsync(_model, new ServerOptions { RatePerSecond = 3 });
        HttpStatusCode last = HttpStatusCode.OK;
        for (int request = 0; request < 200 && last == HttpStatusCode.OK; request++)
        {
            using HttpResponseMessage answer = await server.SendAsync("/v1/score", "{}"u8.ToArray());
            last = answer.StatusCode;
            Assert.True(last == HttpStatusCode.OK || answer.Headers.RetryAfter is not null);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/v2/health/live"));
    }

    [Theory]
    [InlineData("../census")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    [InlineData("a\0b")]
    [InlineData("m.tmp-1a2b3c4d")]
    public async Task A_name_leads_nowhere_else(string name)
    {
        Assert.False(ModelName.IsValid(name));
        SampleModel.Save(_scratch["all/a"]);
        await using TestServer server = await TestServer.StartAsync(new ServingOptions { Models = _scratch["all"] });
        using HttpResponseMessage answer = await server.SendAsync($"/v1/models/{Uri.EscapeDataString(name)}/score", "{}"u8.ToArray());
        Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{answer.StatusCode}");
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public void A_name_is_no_way_up(string name) => Assert.False(ModelName.IsValid(name));

    [Fact]
    public async Task A_link_out_of_the_folder_of_models_is_not_followed()
    {
        SampleModel.Save(_scratch["all/a"]);
        SampleModel.Save(_scratch["outside/1"]);
        Directory.CreateSymbolicLink(_scratch["all/b"], _scratch["outside"]);
        Directory.CreateDirectory(_scratch["all/c"]);
        Directory.CreateSymbolicLink(_scratch["all/c/1"], _scratch["outside/1"]);
        await using TestServer server = await TestServer.StartAsync(new ServingOptions { Models = _scratch["all"] });
        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/v1/models/b/score", "{}")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.PostAsync("/v1/models/c/score", "{}")).Status);
    }

    [Fact]
    public async Task TLS_is_by_configuration()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_scratch["cert.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(_scratch["key.pem"], key.ExportPkcs8PrivateKeyPem());
        await using TestServer server = await TestServer.StartAsync(
            _model, new ServerOptions { TlsCertificate = _scratch["cert.pem"], TlsKey = _scratch["key.pem"] });
        Assert.Equal("https", server.Client.BaseAddress!.Scheme);
        Assert.Equal(HttpStatusCode.OK, await ScoreAsync(server));
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string path)
    {
        using HttpResponseMessage answer = await server.Client.GetAsync(path, TestServer.Stop);
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> ScoreAsync(TestServer server, params (string, string)[] headers) =>
        (await server.PostAsync("/v1/score", "{}", headers)).Status;

    private static string Token(SecurityKey key, string algorithm, string issuer = "us", string audience = "scores", int minutes = 5) =>
        new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            NotBefore = DateTime.UtcNow.AddMinutes(-10),
            IssuedAt = DateTime.UtcNow.AddMinutes(-10),
            Expires = DateTime.UtcNow.AddMinutes(minutes),
            SigningCredentials = new SigningCredentials(key, algorithm),
        });
}
