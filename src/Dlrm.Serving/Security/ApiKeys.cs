using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Dlrm.Serving.Security;

/// <summary>Clients and the SHA-256 of their keys. Keys themselves are nowhere: who reads the file can ask for nothing.</summary>
/// <remarks>
/// Keys are 32 random bytes, so a plain hash of them cannot be guessed backwards. Comparing takes the same time however much
/// of a key is right, and whichever client's it is.
/// </remarks>
internal sealed class ApiKeys
{
    private const string Prefix = "dlrm_";
    private const int KeyBytes = 32;
    private const int LongestKey = 1024;

    private readonly (string Name, byte[] Hash)[] _clients;

    private ApiKeys((string Name, byte[] Hash)[] clients) => _clients = clients;

    /// <summary>Reads a file of lines <c>NAME HASH</c>; empty lines and those that begin with # are left out.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">A line is something else; it is named, not shown.</exception>
    public static ApiKeys Read(string path)
    {
        var clients = new List<(string, byte[])>();
        string[] lines = File.ReadAllLines(path);
        for (int line = 0; line < lines.Length; line++)
        {
            string text = lines[line].Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            string[] parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2 || parts[1].Length != 2 * SHA256.HashSizeInBytes || !parts[1].All(char.IsAsciiHexDigit))
            {
                throw new InvalidDataException(
                    $"{path} line {line + 1}: expected a client's name and the SHA-256 of its key in {2 * SHA256.HashSizeInBytes} hexadecimal digits, as "
                    + "dlrm serve --new-api-key=NAME prints them.");
            }

            clients.Add((parts[0], Convert.FromHexString(parts[1])));
        }

        return clients.Count > 0
            ? new ApiKeys([.. clients])
            : throw new InvalidDataException($"{path} names no client, so nobody could ask for anything.");
    }

    /// <summary>Makes a key.</summary>
    /// <param name="name">The client's name.</param>
    /// <returns>The key, for the client alone, and the line for the file.</returns>
    public static (string Key, string Line) Create(string name)
    {
        string key = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
        return (key, $"{name} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}");
    }

    /// <summary>The client that a key belongs to; null for none.</summary>
    public string? Find(string key)
    {
        if (key.Length > LongestKey)
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        string? found = null;
        foreach ((string name, byte[] expected) in _clients)
        {
            found = CryptographicOperations.FixedTimeEquals(hash, expected) ? name : found;
        }

        return found;
    }
}
