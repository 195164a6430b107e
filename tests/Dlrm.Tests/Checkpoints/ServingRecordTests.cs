using System.Text;
using Dlrm.Checkpoints;
using Dlrm.Data;
using Dlrm.Model;
using Dlrm.Random;
using Dlrm.Training;
using Xunit;

namespace Dlrm.Tests.Checkpoints;

public sealed class ServingRecordTests : IDisposable
{
    private readonly Engine _engine = new(1);
    private readonly DlrmModel _model;
    private readonly RandomBatchSource _source;

    public ServingRecordTests()
    {
        var options = new RandomDataOptions { DenseFeatures = 4, TableRows = [4, 3, 2], DataSize = 20, BatchSize = 20, LookupsPerTable = 3 };
        _source = new RandomBatchSource(options, new NumpyRandom(1));
        _model = new DlrmModel(new DlrmConfig(), _engine, optimizer: null);
        _model.Initialize(new NumpyRandom(2));
    }

    public void Dispose()
    {
        _model.Dispose();
        _engine.Dispose();
    }

    [Fact]
    public void Samples_and_scores_survive_the_file_to_the_bit_and_agree()
    {
        ServingRecord record = ServingRecord.Take(_source).ScoredBy(_model).With(new ScoreHistogram(0.5, [1, 2], [3, 4]));
        Assert.Equal(ServingRecord.MaxSamples, record.Samples.Count);
        var read = ServingRecord.FromJson(Encoding.UTF8.GetBytes(record.ToJson()));
        read.Check(_model);
        Assert.Equal(record.Samples.Select(sample => sample.Score), read.Samples.Select(sample => sample.Score));
        Assert.Equal([4, 6], read.Scores!.Counts);
        Assert.Equal(0.5, read.Scores.Upper);
    }

    [Fact]
    public void Another_models_scores_do_not_agree_and_the_sample_is_named()
    {
        ServingRecord record = ServingRecord.Take(_source).ScoredBy(_model);
        _model.Parameters[^1].Value[0] += 0.001f;
        _model.ParametersChanged();
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => record.Check(_model));
        Assert.Contains("Sample 0 of serving.json scores 0.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_another_shape_is_refused()
    {
        ServingRecord record = ServingRecord.Take(_source);
        using var other = new DlrmModel(new DlrmConfig { TableRows = [4, 3] }, _engine, optimizer: null);
        Assert.Throws<InvalidDataException>(() => record.Check(other));
    }

    [Theory]
    [InlineData("", "damaged")]
    [InlineData("null", "empty")]
    [InlineData("{}", "damaged")]
    [InlineData("""{"samples": [{"dense": [1]}]}""", "damaged")]
    [InlineData("""{"samples": [], "format_version": 9}""", "format version 9")]
    public void What_is_no_record_is_refused(string json, string reason)
    {
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => ServingRecord.FromJson(Encoding.UTF8.GetBytes(json)));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }
}
