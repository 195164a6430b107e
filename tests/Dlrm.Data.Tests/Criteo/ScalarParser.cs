using Dlrm.Data.Criteo;

namespace Dlrm.Data.Tests.Criteo;

/// <summary>The plain twin of the block parser: split, then int.Parse and Convert; anything unusual throws.</summary>
internal static class ScalarParser
{
    /// <summary>Label, 13 numbers and 26 hashes of a line, or null if it is not a good one.</summary>
    public static (int Label, int[] Numbers, uint[] Hashes)? Parse(string line)
    {
        string[] fields = line.Split('\t');
        if (fields.Length != 40 || fields[0] is not ("0" or "1"))
        {
            return null;
        }

        try
        {
            return (fields[0] == "1" ? 1 : 0, [.. fields[1..14].Select(Number)], [.. fields[14..].Select(Hash)]);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            return null;
        }
    }

    private static int Number(string field)
    {
        foreach (char digit in field.StartsWith('-') ? field[1..] : field)
        {
            if (digit is < '0' or > '9')
            {
                throw new FormatException();
            }
        }

        return field.Length == 0 ? CriteoColumns.Missing : int.Parse(field, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static uint Hash(string field)
    {
        foreach (char digit in field)
        {
            if (!"0123456789abcdefABCDEF".Contains(digit))
            {
                throw new FormatException();
            }
        }

        return field.Length == 0 ? 0 : field.Length > 8 ? throw new OverflowException() : Convert.ToUInt32(field, 16);
    }
}
