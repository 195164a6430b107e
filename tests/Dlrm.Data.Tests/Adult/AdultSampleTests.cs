using Dlrm.Data.Adult;
using Xunit;

namespace Dlrm.Data.Tests.Adult;

/// <summary>The embedded sample: the counts that its documentation gives, and the protocol.</summary>
public sealed class AdultSampleTests
{
    [Fact]
    public void Has_the_documented_rows()
    {
        using AdultDataSet data = AdultSample.Load(128, 1000, seed: 1);
        Assert.Equal((26_048, 6_513), (data.Train.SampleCount, data.Test.SampleCount));
        Assert.Equal((6, 8), (data.Train.DenseFeatures, data.Train.TableRows.Count));
        Assert.Equal(0.2408, data.LabelRate, 4);
        Assert.Equal(
            ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"],
            data.Transforms.Select(transform => transform.Name));
        Assert.Equal(
            ["workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country"],
            data.Vocabularies.Select(vocabulary => vocabulary.Name));
    }

    [Fact]
    public void First_row_is_the_files_first_row()
    {
        // 39,State-gov,77516,Bachelors,13,Never-married,Adm-clerical,Not-in-family,White,Male,2174,0,40,United-States,<=50K
        using AdultDataSet data = AdultSample.Load(new AdultOptions { Standardize = false });
        Assert.Equal(0f, data.Rows.Label(0));
        Assert.Equal(
            new[] { 39f, 77516f, 13f, 2174f, 0f, 40f }.Select(value => MathF.Log(value + 1f)), data.Rows.Dense(0).ToArray(),
            (expected, actual) => MathF.Abs(expected - actual) <= 1e-6f);
        Assert.Equal(
            ["State-gov", "Bachelors", "Never-married", "Adm-clerical", "Not-in-family", "White", "Male", "United-States"],
            data.Vocabularies.Select((vocabulary, column) => vocabulary.Values[data.Rows.Indices(0)[column]]));
    }

    [Fact]
    public void Dense_features_have_mean_0_and_deviation_1_over_the_training_rows_alone()
    {
        using AdultDataSet data = AdultSample.Load(128, 1000, seed: 1);
        for (int feature = 0; feature < 6; feature++)
        {
            double[] values = [.. Enumerable.Range(0, (int)data.Train.SampleCount).Select(row => (double)data.Rows.Dense(row)[feature])];
            double mean = values.Average();
            Assert.Equal(0, mean, 1e-5);
            Assert.Equal(1, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))), 1e-5);
        }
    }

    [Fact]
    public void Rare_and_unseen_values_have_index_0()
    {
        using AdultDataSet strict = AdultSample.Load(new AdultOptions { RareBelow = 1 });
        using AdultDataSet data = AdultSample.Load(new AdultOptions());
        FeatureVocabulary country = data.Vocabularies[7];
        FeatureVocabulary every = strict.Vocabularies[7];
        Assert.DoesNotContain("Holand-Netherlands", country.Values);
        Assert.Contains("?", country.Values);
        Assert.Equal(every.Values.Count, strict.TableRows[7]);
        for (int row = 0; row < data.Rows.Rows; row++)
        {
            string value = every.Values[strict.Rows.Indices(row)[7]];
            Assert.Equal(country.IndexOf(value), data.Rows.Indices(row)[7]);
        }
    }

    [Fact]
    public void Training_rows_are_shuffled_each_pass_by_the_seed()
    {
        using AdultDataSet data = AdultSample.Load(256, 1000, seed: 1);
        using AdultDataSet again = AdultSample.Load(256, 1000, seed: 1);
        using AdultDataSet other = AdultSample.Load(256, 1000, seed: 2);
        float[] first = FirstBatch(data);
        Assert.Equal(first, FirstBatch(again));
        Assert.NotEqual(first, FirstBatch(other));
        Assert.NotEqual(first, FirstBatch(data));
    }

    [Fact]
    public void The_attribution_travels_with_the_data()
    {
        using Stream? notice = typeof(AdultSample).Assembly.GetManifestResourceStream("Dlrm.Data.Adult.NOTICE.md");
        Assert.Contains("CC BY 4.0", new StreamReader(notice!).ReadToEnd(), StringComparison.Ordinal);
    }

    private static float[] FirstBatch(AdultDataSet data)
    {
        using var batch = new Batch(6, 8);
        data.Train.Read(0, batch);
        return batch.Dense.ToArray();
    }
}
