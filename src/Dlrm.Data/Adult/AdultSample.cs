using System.Runtime.InteropServices;

namespace Dlrm.Data.Adult;

/// <summary>
/// The embedded sample: does a person earn more than 50,000 dollars a year? 32,561 rows of the 1994 census of the USA.
/// </summary>
/// <remarks>
/// Becker, B. and Kohavi, R. (1996), Adult, UCI Machine Learning Repository, CC BY 4.0. In file order, the first 80 % of
/// the rows are for training, the rest for testing; vocabularies, means and deviations come from the training rows alone.
/// Dense features: age, fnlwgt, education_num, capital_gain, capital_loss, hours_per_week. Categories: workclass,
/// education, marital_status, occupation, relationship, race, sex, native_country, in which <c>?</c> is a value.
/// </remarks>
public static class AdultSample
{
    /// <summary>Loads the sample with the default preparation.</summary>
    /// <param name="batchSize">B, 1 or more.</param>
    /// <param name="testBatchSize">B of the test batches, 1 or more.</param>
    /// <param name="seed">Decides the order of the training rows in each pass.</param>
    /// <returns>The data set, which the caller disposes of.</returns>
    public static AdultDataSet Load(int batchSize, int testBatchSize, ulong seed) =>
        Load(new AdultOptions { BatchSize = batchSize, TestBatchSize = testBatchSize, ShuffleSeed = seed });

    /// <summary>Loads the sample.</summary>
    /// <param name="options">How it is prepared.</param>
    /// <returns>The data set, which the caller disposes of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A batch size or the threshold is below 1.</exception>
    public static AdultDataSet Load(AdultOptions options)
    {
        AdultTable table = AdultTable.Read();
        ArgumentOutOfRangeException.ThrowIfNegative(options.ValidationFraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.ValidationFraction, 1);
        int parts = table.Labels.Count * 4 / 5;
        int train = parts - (int)(parts * options.ValidationFraction);
        DenseTransform[] transforms =
        [
            .. table.DenseNames.Select((name, column) => options.Standardize
                ? DenseTransform.Standardize(name, CollectionsMarshal.AsSpan(table.Dense[column])[..train])
                : DenseTransform.Logarithm(name)),
        ];
        FeatureVocabulary[] vocabularies =
        [
            .. table.CategoricalNames.Select((name, column) =>
                FeatureVocabulary.Count(name, table.Categorical[column].Take(train), options.RareBelow)),
        ];
        TabularDataSet rows = Encode(table, transforms, vocabularies, options.NumbersAsCategories);
        var encoding = new AdultEncoding(options, transforms, vocabularies);
        if (options.NumbersAsCategories)
        {
            for (int number = 0; number < transforms.Length; number++)
            {
                List<string> values = NumberCategories.Apply(rows, vocabularies.Length + number, train, options.RareBelow, out bool binned);
                encoding.AddNumber(transforms[number].Name, values, binned);
            }

            rows = rows.WithTables(encoding.TableRows);
        }

        return new AdultDataSet(options, rows, train, parts - train, transforms, vocabularies)
        {
            EncodingFiles = encoding.Files(rows, train),
        };
    }

    private static TabularDataSet Encode(
        AdultTable table, DenseTransform[] transforms, FeatureVocabulary[] vocabularies, bool numbersAsCategories)
    {
        int rows = table.Labels.Count;
        var dense = new float[rows * transforms.Length];
        int tables = vocabularies.Length + (numbersAsCategories ? transforms.Length : 0);
        var indices = new int[rows * tables];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < transforms.Length; column++)
            {
                dense[(row * transforms.Length) + column] = transforms[column].Apply(table.Dense[column][row]);
            }

            for (int column = 0; column < vocabularies.Length; column++)
            {
                indices[(row * tables) + column] = vocabularies[column].IndexOf(table.Categorical[column][row]);
            }

            for (int column = vocabularies.Length; column < tables; column++)
            {
                indices[(row * tables) + column] = table.Dense[column - vocabularies.Length][row];
            }
        }

        return TabularDataSet.FromArrays(
            CollectionsMarshal.AsSpan(table.Labels),
            dense,
            indices,
            [.. vocabularies.Select(vocabulary => vocabulary.Values.Count), .. Enumerable.Repeat(int.MaxValue, tables - vocabularies.Length)]);
    }
}
