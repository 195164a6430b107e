using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Dlrm.Serving.Security;

/// <summary>Checks bearer tokens (JWT): signature, lifetime, and issuer and audience where they are named.</summary>
/// <remarks>
/// The algorithms follow from the key, never from the token: HS256 to HS512 for a secret, RS, PS or ES for a public key, so a
/// token signed with the text of a public key is refused.
/// </remarks>
internal sealed class JwtKeys
{
    private static readonly string[] Symmetric = [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.HmacSha384, SecurityAlgorithms.HmacSha512];

    private static readonly string[] Rsa =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    private static readonly string[] Ecdsa = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512];

    private const int LeastSecret = 32;

    private readonly JsonWebTokenHandler _handler = new();
    private readonly TokenValidationParameters _rules;

    private JwtKeys(TokenValidationParameters rules) => _rules = rules;

    /// <summary>Reads what signs tokens.</summary>
    /// <param name="path">A public key in PEM (RSA or elliptic curve), or a secret.</param>
    /// <param name="issuer">That tokens must name; null for any.</param>
    /// <param name="audience">That tokens must name; null for any.</param>
    /// <exception cref="InvalidDataException">It is neither, or the secret is too short.</exception>
    public static JwtKeys Read(string path, string? issuer, string? audience)
    {
        (SecurityKey key, string[] algorithms) = ReadKey(path);
        return new JwtKeys(new TokenValidationParameters
        {
            IssuerSigningKey = key,
            ValidAlgorithms = algorithms,
            ValidateIssuerSigningKey = true,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            ValidateLifetime = true,
            ClockSkew = TimeSpan.FromSeconds(30),
            ValidateIssuer = issuer is not null,
            ValidIssuer = issuer,
            ValidateAudience = audience is not null,
            ValidAudience = audience,
        });
    }

    /// <summary>Whom a token speaks for (its subject); null when it is not valid.</summary>
    public async Task<string?> FindAsync(string token)
    {
        TokenValidationResult result = await _handler.ValidateTokenAsync(token, _rules).ConfigureAwait(false);
        return !result.IsValid ? null : result.Claims.TryGetValue("sub", out object? subject) ? $"{subject}" : "token";
    }

    private static (SecurityKey Key, string[] Algorithms) ReadKey(string path)
    {
        string text = File.ReadAllText(path).Trim();
        if (!text.StartsWith("-----BEGIN", StringComparison.Ordinal))
        {
            byte[] secret = Encoding.UTF8.GetBytes(text);
            return secret.Length >= LeastSecret
                ? (new SymmetricSecurityKey(secret), Symmetric)
                : throw new InvalidDataException($"{path}: a secret has {LeastSecret} bytes or more; this one has {secret.Length}.");
        }

        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path} holds a private key, which belongs to who signs tokens; give its public key.");
        }

        try
        {
            var rsa = RSA.Create();
            rsa.ImportFromPem(text);
            return (new RsaSecurityKey(rsa), Rsa);
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            try
            {
                var curve = ECDsa.Create();
                curve.ImportFromPem(text);
                return (new ECDsaSecurityKey(curve), Ecdsa);
            }
            catch (Exception other) when (other is ArgumentException or CryptographicException)
            {
                throw new InvalidDataException($"{path} is no public key in PEM (RSA or elliptic curve).", other);
            }
        }
    }
}
