using Dlrm.Data.Records;
using Xunit;

namespace Dlrm.Data.Tests.Records;

public sealed class PredictorTests : IDisposable
{
    private readonly TrainedRecords<Visit> _trained =
        new RecordTrainer<Visit>(new RecordTrainerOptions { BottomMlp = [16], TopMlp = [16] }).Train(Visit.Draw(600, seed: 1));

    private readonly Visit[] _visits = [.. Visit.Draw(600, seed: 2)];

    [Fact]
    public void Many_at_a_time_score_as_one_at_a_time()
    {
        var scores = new float[_visits.Length];
        _trained.Predictor.Predict(_visits, scores);
        Assert.Equal(scores, _visits.Select(_trained.Predictor.Predict));
        Assert.Throws<ArgumentException>(() => _trained.Predictor.Predict(_visits, scores.AsSpan(1)));
    }

    [Fact]
    public void Allocates_nothing_once_warm()
    {
        var scores = new float[_visits.Length];
        Predictor<Visit> predictor = _trained.Predictor;
        float sum = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach (Visit visit in _visits)
            {
                sum += predictor.Predict(visit);
            }

            predictor.Predict(_visits, scores);
            Assert.True(round == 0 || GC.GetAllocatedBytesForCurrentThread() == before);
        }

        Assert.True(sum > 0);
    }

    [Fact]
    public void Threads_at_the_same_time_get_the_same_scores()
    {
        var expected = new float[_visits.Length];
        _trained.Predictor.Predict(_visits, expected);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            for (int i = worker; i < _visits.Length; i += 3)
            {
                Assert.Equal(expected[i], _trained.Predictor.Predict(_visits[i]));
            }
        });
    }

    [Fact]
    public void A_schema_of_other_features_is_refused()
    {
        using var folder = new TemporaryFolder();
        _trained.Save(folder["model"]);
        Refused("lacks", Visit.Schema.Categorical("More", visit => visit.Site));
        Refused("'Price'", new RecordSchema<Visit>().Categorical("Site", visit => visit.Site));
        Refused("'Site' is a Number", new RecordSchema<Visit>().Dense("Site", visit => visit.Price));

        void Refused(string part, RecordSchema<Visit> schema) => Assert.Contains(
            part, Assert.Throws<ArgumentException>(() => Predictor<Visit>.Load(folder["model"], schema)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _trained.Dispose();
}
