using Microsoft.ML;

namespace Dlrm.MLNet;

/// <summary>DLRM where ML.NET's users look for trainers.</summary>
public static class DlrmCatalog
{
    /// <summary>A trainer of deep learning recommendation models.</summary>
    /// <param name="catalog"><c>mlContext.BinaryClassification.Trainers</c>.</param>
    /// <param name="options">Columns, architecture, training.</param>
    public static DlrmTrainer Dlrm(
        this BinaryClassificationCatalog.BinaryClassificationTrainers catalog, DlrmTrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(options);
        Internals.Register(Internals.CatalogOf(catalog));
        return new DlrmTrainer(options);
    }

    /// <summary>A trainer with the default architecture.</summary>
    /// <param name="catalog"><c>mlContext.BinaryClassification.Trainers</c>.</param>
    /// <param name="categoricalColumns">Key columns, or vectors of keys.</param>
    /// <param name="denseColumns">Single columns, or vectors of a known size.</param>
    /// <param name="labelColumnName">A Boolean column.</param>
    /// <param name="exampleWeightColumnName">A Single column, or null.</param>
    public static DlrmTrainer Dlrm(
        this BinaryClassificationCatalog.BinaryClassificationTrainers catalog,
        IReadOnlyList<string> categoricalColumns,
        IReadOnlyList<string>? denseColumns = null,
        string labelColumnName = "Label",
        string? exampleWeightColumnName = null)
        => Dlrm(catalog, new DlrmTrainerOptions
        {
            CategoricalColumns = categoricalColumns,
            DenseColumns = denseColumns ?? [],
            LabelColumn = labelColumnName,
            WeightColumn = exampleWeightColumnName,
        });

    /// <summary>
    /// Lets <c>mlContext.Model.Load</c> read pipelines with a DLRM inside: for programs that only load. Asking for the trainer
    /// does it too.
    /// </summary>
    /// <param name="context">The context that loads.</param>
    /// <returns>The same context.</returns>
    public static MLContext RegisterDlrm(this MLContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Internals.Register(context.ComponentCatalog);
        return context;
    }
}
