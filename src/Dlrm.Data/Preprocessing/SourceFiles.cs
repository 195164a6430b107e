using System.IO.Enumeration;

namespace Dlrm.Data.Preprocessing;

/// <summary>Finds the files that a person names.</summary>
internal static class SourceFiles
{
    /// <summary>Standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>
    /// Files, the files of folders, and those that patterns match. Within a folder or pattern numbers in names count as
    /// numbers: day_2 comes before day_10.
    /// </summary>
    /// <exception cref="FileNotFoundException">One names nothing.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> inputs)
    {
        var files = new List<string>();
        foreach (string input in inputs)
        {
            if (input == StandardInput)
            {
                files.Add(input);
            }
            else if (File.Exists(input))
            {
                files.Add(Path.GetFullPath(input));
            }
            else
            {
                string[] found = Directory.Exists(input) ? Visible(input, "*") : Matches(input);
                files.AddRange(found.Length > 0
                    ? found.Order(NaturalOrder.Instance)
                    : throw new FileNotFoundException($"{input}: there is no such file, folder or match.", input));
            }
        }

        if (files.GroupBy(file => file).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"{twice.Key} is named twice: its rows would count twice.");
        }

        return files;
    }

    /// <summary>Refuses a file that had another length when its reading began than was read.</summary>
    /// <exception cref="BadDataException">It was changed meanwhile.</exception>
    public static void RequireUnchanged(string file, long before, long read)
    {
        if (file != StandardInput && (read != before || new FileInfo(file).Length != before))
        {
            throw new BadDataException(
                file, $"the file was changed while it was read: it had {before} bytes, {read} were read. Wait until it is complete.");
        }
    }

    private static string[] Matches(string pattern)
    {
        string folder = Path.GetDirectoryName(pattern) is { Length: > 0 } named ? named : ".";
        string name = Path.GetFileName(pattern);
        return name.AsSpan().ContainsAny('*', '?') && Directory.Exists(folder) ? Visible(folder, name) : [];
    }

    private static string[] Visible(string folder, string pattern) =>
    [
        .. Directory.EnumerateFiles(folder)
            .Where(file => Path.GetFileName(file) is var name && name[0] is not '.' and not '_'
                && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))
            .Select(Path.GetFullPath),
    ];

    /// <summary>Runs of digits compare as numbers.</summary>
    private sealed class NaturalOrder : IComparer<string>
    {
        public static readonly NaturalOrder Instance = new();

        public int Compare(string? x, string? y)
        {
            ReadOnlySpan<char> a = x;
            ReadOnlySpan<char> b = y;
            while (!a.IsEmpty && !b.IsEmpty)
            {
                int digitsA = Digits(a);
                int digitsB = Digits(b);
                int order;
                if (digitsA > 0 && digitsB > 0)
                {
                    ReadOnlySpan<char> numberA = a[..digitsA].TrimStart('0');
                    ReadOnlySpan<char> numberB = b[..digitsB].TrimStart('0');
                    order = numberA.Length != numberB.Length
                        ? numberA.Length - numberB.Length
                        : numberA.SequenceCompareTo(numberB);
                }
                else
                {
                    digitsA = digitsB = 1;
                    order = a[0].CompareTo(b[0]);
                }

                if (order != 0)
                {
                    return order;
                }

                a = a[digitsA..];
                b = b[digitsB..];
            }

            return a.Length != b.Length ? a.Length - b.Length : string.CompareOrdinal(x, y);
        }

        private static int Digits(ReadOnlySpan<char> text)
        {
            int length = text.IndexOfAnyExceptInRange('0', '9');
            return length < 0 ? text.Length : length;
        }
    }
}
