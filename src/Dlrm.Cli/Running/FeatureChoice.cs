using System.Globalization;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Running;

/// <summary>Reads --report-slices: names or numbers of categorical features.</summary>
internal static class FeatureChoice
{
    /// <summary>The table numbers, in the order given.</summary>
    /// <param name="values">The options.</param>
    /// <param name="data">The data, whose features may have names.</param>
    /// <exception cref="UsageException">There is no such feature; the message lists those that there are.</exception>
    public static int[] Tables(OptionValues values, RunData data)
    {
        string given = values.Get(SeeingOptions.Slices);
        if (given.Length == 0)
        {
            return [];
        }

        int count = data.Test.TableRows.Count;
        return [.. given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Find).Distinct()];

        int Find(string name)
        {
            for (int table = 0; table < data.Vocabularies.Count; table++)
            {
                if (data.Vocabularies[table].Name == name)
                {
                    return table;
                }
            }

            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < count)
            {
                return number;
            }

            string named = data.Vocabularies.Count == 0
                ? ""
                : $", or one of {string.Join(", ", data.Vocabularies.Select(vocabulary => vocabulary.Name))}";
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture,
                $"--report-slices={given}: {data.Title} has no categorical feature '{name}'; give a number from 0 to {count - 1}{named}."));
        }
    }
}
