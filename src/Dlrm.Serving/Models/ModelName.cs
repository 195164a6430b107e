using System.Globalization;

namespace Dlrm.Serving.Models;

/// <summary>Names of models and versions: what they may consist of, so that none leads out of the models' folder.</summary>
internal static class ModelName
{
    private const int Longest = 128;

    /// <summary>Letters, digits, '-', '_' and '.', beginning with a letter or a digit.</summary>
    public static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > Longest || !char.IsAsciiLetterOrDigit(name[0]))
        {
            return false;
        }

        foreach (char letter in name)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        // What an interrupted save leaves beside a model folder.
        return !name.Contains(".tmp-", StringComparison.Ordinal) && !name.Contains(".old-", StringComparison.Ordinal);
    }

    /// <summary>Whether a folder's name is a version: a whole number without zeros in front.</summary>
    public static bool TryVersion(string name, out long version) =>
        long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out version)
        && version.ToString(CultureInfo.InvariantCulture) == name;
}
