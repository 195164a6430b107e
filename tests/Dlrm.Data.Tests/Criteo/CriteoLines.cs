namespace Dlrm.Data.Tests.Criteo;

/// <summary>Made-up lines in Criteo's format.</summary>
internal static class CriteoLines
{
    /// <summary>Forty good fields that differ from row to row.</summary>
    public static string[] Fields(int row)
    {
        var fields = new string[40];
        fields[0] = row % 3 == 0 ? "1" : "0";
        for (int column = 1; column <= 13; column++)
        {
            fields[column] = (row + column) % 5 == 0 ? "" : $"{(row * 7) + (column * column)}";
        }

        for (int column = 14; column < 40; column++)
        {
            fields[column] = (row + column) % 7 == 0 ? "" : $"{((row % 4) * 0x01234567) + column:x8}";
        }

        return fields;
    }

    public static string Line(int row) => string.Join('\t', Fields(row)) + "\n";

    /// <summary>Good lines.</summary>
    public static string Text(int rows) => string.Concat(Enumerable.Range(0, rows).Select(Line));

    /// <summary>Lines of which one has a field replaced.</summary>
    public static string TextWith(int rows, int badRow, int column, string field)
    {
        string[] fields = Fields(badRow);
        fields[column] = field;
        return string.Concat(Enumerable.Range(0, rows).Select(
            row => row == badRow ? string.Join('\t', fields) + "\n" : Line(row)));
    }
}
