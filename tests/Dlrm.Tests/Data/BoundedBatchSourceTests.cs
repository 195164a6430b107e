using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Tests.Model;
using Xunit;

namespace Dlrm.Tests.Data;

public sealed class BoundedBatchSourceTests
{
    [Fact]
    public void Indices_are_taken_modulo_the_bound_of_their_table()
    {
        DlrmConfig config = ModelFixture.Config();
        using var plain = new Batch(config.DenseFeatures, config.TableRows.Count);
        using var bounded = new Batch(config.DenseFeatures, config.TableRows.Count);
        int[] bounds = [9, 0, 5, 1000, 50];
        ModelFixture.Source(config, new NumpyRandom(5)).Read(0, plain);
        var source = new BoundedBatchSource(ModelFixture.Source(config, new NumpyRandom(5)), bounds);
        source.Read(0, bounded);
        Assert.Equal([9, 7, 1, 301, 50], source.TableRows);
        for (int table = 0; table < bounds.Length; table++)
        {
            int bound = bounds[table] == 0 ? int.MaxValue : bounds[table];
            Assert.Equal(plain.Offsets(table).ToArray(), bounded.Offsets(table).ToArray());
            Assert.Equal(plain.Indices(table).ToArray().Select(index => index % bound), bounded.Indices(table).ToArray());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5, 5, 5, 5, -1)]
    public void Bounds_that_do_not_fit_the_tables_are_refused(params int[] bounds)
    {
        DlrmConfig config = ModelFixture.Config();
        string message = Assert.Throws<ArgumentException>(() => BoundedBatchSource.Apply(config.TableRows, bounds)).Message;
        Assert.Contains("5 tables: give one a table, 0 for no bound", message, StringComparison.Ordinal);
    }
}
