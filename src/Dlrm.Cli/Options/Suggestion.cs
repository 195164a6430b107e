namespace Dlrm.Cli.Options;

/// <summary>Finds the name that was probably meant.</summary>
internal static class Suggestion
{
    /// <summary>The nearest candidate, the first of several; null when none is near.</summary>
    /// <remarks>
    /// Near: at most a third of the longer name's letters differ; or the candidate has all words of the name, when each
    /// word more counts as one edit (--batch-size means --mini-batch-size, though --data-size has fewer edits).
    /// </remarks>
    public static string? Nearest(string name, IEnumerable<string> candidates)
    {
        string? best = null;
        int fewest = int.MaxValue;
        foreach (string candidate in candidates)
        {
            int edits = Distance(name, candidate);
            if (edits > Math.Max(name.Length, candidate.Length) / 3)
            {
                edits = int.MaxValue;
            }

            edits = Math.Min(edits, WordsMore(name, candidate));
            if (edits < fewest)
            {
                (best, fewest) = (candidate, edits);
            }
        }

        return best;
    }

    /// <summary>Letters to insert, delete or replace, and neighbours to swap, to make one text of the other.</summary>
    internal static int Distance(string a, string b)
    {
        int[,] edits = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            edits[i, 0] = i;
        }

        for (int j = 0; j <= b.Length; j++)
        {
            edits[0, j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = edits[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replaced, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[a.Length, b.Length];
    }

    /// <summary>Words that the candidate has beside all of the name's; very many when it lacks one.</summary>
    private static int WordsMore(string name, string candidate)
    {
        string[] words = name.Split('-', '_');
        string[] theirs = candidate.Split('-', '_');
        bool telling = words.Length > 1 || name.Length > 3;
        return telling && words.All(theirs.Contains) ? theirs.Length - words.Length : int.MaxValue;
    }
}
