namespace Dlrm.Data.Criteo;

/// <summary>The rows of a file with what is known of them, from the text or from the cache.</summary>
internal sealed record CriteoContent(TabularDataSet Rows, uint[][] Vocabularies, CriteoCacheMetadata Metadata);
