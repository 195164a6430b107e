using Dlrm.Checkpoints;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Xunit;

namespace Dlrm.MLNet.Tests;

public sealed class DlrmTrainerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dlrm-mlnet-tests-").FullName;
    private readonly MLContext _context = new(seed: 1);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Learns_adult_better_than_the_gradient_boosted_anchor_by_ML_NETs_own_evaluator()
    {
        IDataView rows = AdultRows.Load(_context, Path.Combine(_folder, "adult.csv"));
        IDataView train = _context.Data.TakeRows(rows, 26_048);
        IDataView test = _context.Data.SkipRows(rows, 26_048);
        TransformerChain<DlrmTransformer> model = AdultRows.Preparation(_context)
            .Append(_context.BinaryClassification.Trainers.Dlrm(
                [.. AdultRows.Features.Select(name => $"{name}_key")], [.. AdultRows.Dense.Select(name => $"{name}_scaled")]))
            .Fit(train);

        CalibratedBinaryClassificationMetrics metrics = _context.BinaryClassification.Evaluate(model.Transform(test));

        Assert.True(metrics.AreaUnderRocCurve > 0.9233, $"AUC {metrics.AreaUnderRocCurve}");
        Assert.True(metrics.LogLoss * Math.Log(2) < 0.2904, $"log loss {metrics.LogLoss * Math.Log(2)}");
    }

    [Fact]
    public void A_saved_pipeline_scores_the_same_in_a_program_that_only_loads()
    {
        IDataView rows = Rows(500);
        TransformerChain<DlrmTransformer> model = Pipeline().Fit(rows);
        string path = Path.Combine(_folder, "pipeline.zip");
        _context.Model.Save(model, rows.Schema, path);

        MLContext other = new MLContext().RegisterDlrm();
        ITransformer loaded = other.Model.Load(path, out DataViewSchema schema);

        Assert.Equal(rows.Schema.Select(column => column.Name), schema.Select(column => column.Name));
        Assert.Equal(Probabilities(model.Transform(rows)), Probabilities(loaded.Transform(rows)));
    }

    [Fact]
    public void A_prediction_engine_gives_what_the_whole_view_gives()
    {
        Click[] clicks = Click.Some(1200);
        IDataView rows = _context.Data.LoadFromEnumerable(clicks);
        TransformerChain<DlrmTransformer> model = Pipeline().Fit(rows);
        using PredictionEngine<Click, Scored> engine = _context.Model.CreatePredictionEngine<Click, Scored>(model);

        float[] single = [.. clicks.Select(click => engine.Predict(click).Probability)];

        Assert.Equal(Probabilities(model.Transform(rows)), single);
    }

    [Fact]
    public void Rows_in_a_random_order_keep_their_scores()
    {
        IDataView scored = Pipeline().Fit(Rows(300)).Transform(Rows(300));

        IDataView shuffled = _context.Data.ShuffleRows(scored, seed: 5);

        Assert.Equal(
            Pairs(scored).OrderBy(pair => pair.Price), Pairs(shuffled).OrderBy(pair => pair.Price));
    }

    [Fact]
    public void Score_is_the_logit_and_the_predicted_label_says_on_which_side_of_a_half_the_probability_is()
    {
        Scored[] scored = [.. _context.Data.CreateEnumerable<Scored>(
            Pipeline(new() { Epochs = 20 }).Fit(Rows(400)).Transform(Rows(400)), reuseRowObject: false)];

        Assert.All(scored, row => Assert.Equal(row.Probability, 1 / (1 + Math.Exp(-row.Score)), 1e-5));
        Assert.All(scored, row => Assert.Equal(row.Probability >= 0.5f, row.PredictedLabel));
        Assert.Contains(scored, row => row.PredictedLabel);
        Assert.Contains(scored, row => !row.PredictedLabel);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads()
    {
        float[] one = Probabilities(Pipeline(new() { Threads = 1 }).Fit(Rows(700)).Transform(Rows(700)));
        float[] three = Probabilities(Pipeline(new() { Threads = 3 }).Fit(Rows(700)).Transform(Rows(700)));
        float[] otherSeed = Probabilities(Pipeline(new() { Seed = 9 }).Fit(Rows(700)).Transform(Rows(700)));

        Assert.Equal(one, three);
        Assert.NotEqual(one, otherSeed);
    }

    [Fact]
    public void Weights_of_one_change_nothing_and_rows_of_weight_zero_teach_nothing()
    {
        float[] without = Probabilities(Pipeline().Fit(Rows(300)).Transform(Rows(300)));
        float[] ones = Probabilities(Pipeline(new() { WeightColumn = "Weight" }).Fit(Rows(300)).Transform(Rows(300)));
        Click[] none = Click.Some(300);
        foreach (Click click in none)
        {
            click.Weight = 0;
        }

        IDataView weightless = _context.Data.LoadFromEnumerable(none);
        float[] untaught = Probabilities(Pipeline(new() { WeightColumn = "Weight", EmbeddingL2 = 0 }).Fit(weightless).Transform(weightless));
        float[] untrained = Probabilities(Pipeline(new() { LearningRate = 1e-30, EmbeddingL2 = 0 }).Fit(weightless).Transform(weightless));

        Assert.Equal(without, ones);
        Assert.Equal(untrained, untaught);
    }

    [Fact]
    public void Bags_leave_missing_keys_out_and_an_unknown_category_has_the_row_of_missing_ones()
    {
        TransformerChain<DlrmTransformer> model = Pipeline().Fit(Rows(500));
        using PredictionEngine<Click, Scored> engine = _context.Model.CreatePredictionEngine<Click, Scored>(model);
        float Probability(string site, params string[] tags) => engine.Predict(new Click { Site = site, Tags = tags }).Probability;

        Assert.Equal(Probability("site1", "red"), Probability("site1", "red", "never seen"));
        Assert.Equal(Probability("site1"), Probability("site1", "never seen"));
        Assert.Equal(Probability("never seen"), Probability("another"));
        Assert.NotEqual(Probability("site1", "red"), Probability("site1", "blue"));
    }

    [Fact]
    public void Validation_rows_end_training_and_give_the_best_epoch_back()
    {
        var heard = new List<DlrmProgress>();
        TransformerChain<ValueToKeyMappingTransformer> prepared = Preparation().Fit(Rows(400));
        IDataView validation = prepared.Transform(_context.Data.LoadFromEnumerable(Click.Some(200, seed: 8)));
        DlrmTrainer trainer = _context.BinaryClassification.Trainers.Dlrm(Options(new()
        {
            Epochs = 60,
            LearningRate = 0.3,
            Patience = 2,
            Progress = heard.Add,
        }));

        using DlrmTransformer model = trainer.Fit(prepared.Transform(Rows(400)), validation);

        double best = heard.Min(progress => progress.ValidationLoss!.Value);
        CalibratedBinaryClassificationMetrics metrics = _context.BinaryClassification.Evaluate(model.Transform(validation));
        Assert.Equal(best, metrics.LogLoss * Math.Log(2), 1e-5);
        Assert.True(heard.Count <= 60);
    }

    [Fact]
    public void Cross_validation_trains_a_model_for_each_part()
    {
        IReadOnlyList<TrainCatalogBase.CrossValidationResult<CalibratedBinaryClassificationMetrics>> results =
            _context.BinaryClassification.CrossValidate(Rows(900), Pipeline(new() { Epochs = 8 }), numberOfFolds: 3);

        Assert.Equal(3, results.Count);
        Assert.All(results, result => Assert.True(result.Metrics.AreaUnderRocCurve > 0.8, $"{result.Metrics.AreaUnderRocCurve}"));
    }

    [Fact]
    public void The_model_folder_opens_in_the_library()
    {
        TransformerChain<ValueToKeyMappingTransformer> prepared = Preparation().Fit(Rows(100));
        using DlrmTransformer model = _context.BinaryClassification.Trainers.Dlrm(Options(new())).Fit(prepared.Transform(Rows(100)));
        string path = Path.Combine(_folder, "model");

        model.SaveModelFolder(path);

        using var folder = ModelFolder.Open(path);
        Assert.Contains("emb_l.1.weight", folder.Tensors.Keys);
    }

    [Fact]
    public void A_model_needs_no_dense_columns()
    {
        TransformerChain<DlrmTransformer> model = Pipeline(new(), dense: []).Fit(Rows(200));

        Assert.Equal(200, Probabilities(model.Transform(Rows(200))).Length);
    }

    [Theory]
    [InlineData("Nothing", "Site", "Label", "There is no column 'Nothing'")]
    [InlineData("Site", "Site", "Label", "Dense column 'Site'")]
    [InlineData("Price", "Price", "Label", "Categorical column 'Price'")]
    [InlineData("Price", "Site", "Price", "must be Boolean")]
    public void Columns_that_cannot_be_used_are_named_with_what_to_do(string dense, string categorical, string label, string message)
    {
        IDataView rows = Preparation().Fit(Rows(20)).Transform(Rows(20));
        DlrmTrainer trainer = _context.BinaryClassification.Trainers.Dlrm([categorical], [dense], label);

        ArgumentException error = Assert.Throws<ArgumentException>(() => trainer.Fit(rows));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dense_value_that_is_not_finite_is_named_with_its_row()
    {
        Click[] clicks = Click.Some(20);
        clicks[13].Price = float.NaN;
        IDataView rows = _context.Data.LoadFromEnumerable(clicks);

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Pipeline().Fit(rows));

        Assert.Contains("Row 13 of column 'Price'", error.Message, StringComparison.Ordinal);
        Assert.Contains("ReplaceMissingValues", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_without_rows_and_a_trainer_without_categories_are_refused()
    {
        Assert.Contains("no rows", Assert.Throws<ArgumentException>(() =>
            _context.BinaryClassification.Trainers.Dlrm(Options(new())).Fit(Preparation().Fit(Rows(20)).Transform(
                _context.Data.FilterRowsByColumn(Rows(20), "Price", 2, 3)))).Message, StringComparison.Ordinal);
        Assert.Contains("categorical", Assert.Throws<ArgumentException>(() =>
            _context.BinaryClassification.Trainers.Dlrm([], ["Price"]).Fit(Rows(20))).Message, StringComparison.Ordinal);
    }

    private static DlrmTrainerOptions Options(DlrmTrainerOptions options, string[]? dense = null) => options with
    {
        CategoricalColumns = ["Site", "Tags"],
        DenseColumns = dense ?? ["Price", "Position"],
        BottomMlp = [8],
        TopMlp = [8],
        EmbeddingDimension = 4,
        BatchSize = 32,
    };

    private static float[] Probabilities(IDataView scored) => [.. scored.GetColumn<float>("Probability")];

    private static IEnumerable<(float Price, float Probability)> Pairs(IDataView scored) =>
        scored.GetColumn<float>("Price").Zip(scored.GetColumn<float>("Probability"));

    private IDataView Rows(int count) => _context.Data.LoadFromEnumerable(Click.Some(count));

    private EstimatorChain<ValueToKeyMappingTransformer> Preparation() => _context.Transforms.Conversion.MapValueToKey("Site")
        .Append(_context.Transforms.Conversion.MapValueToKey("Tags"));

    private EstimatorChain<DlrmTransformer> Pipeline(DlrmTrainerOptions? options = null, string[]? dense = null) =>
        Preparation().Append(_context.BinaryClassification.Trainers.Dlrm(Options(options ?? new(), dense)));
}
