// Prints a table as JSON, read by Polars or by Arrow's JavaScript library: node read.cjs polars|arrow FILE.
const fs = require('node:fs');

const [reader, file] = process.argv.slice(2);
const readers = {
  polars() {
    const table = require('nodejs-polars').readIPC(fs.readFileSync(file));
    const columns = table.getColumns();
    return {
      columns: columns.map((column) => column.name),
      types: columns.map((column) => column.dtype.toString()),
      rows: columns.length === 0 ? [] : columns[0].toArray().map((_, row) => columns.map((column) => column.toArray()[row])),
    };
  },
  arrow() {
    const table = require('apache-arrow').tableFromIPC(fs.readFileSync(file));
    return {
      columns: table.schema.fields.map((field) => field.name),
      types: table.schema.fields.map((field) => field.type.toString()),
      rows: table.toArray().map((row) => table.schema.fields.map((field) => row[field.name])),
    };
  },
};

// Lists are arrays; whole numbers of 64 bits are text, since JavaScript's numbers do not hold them.
console.log(JSON.stringify(readers[reader](), (_, value) =>
  typeof value === 'bigint' ? value.toString()
    : value !== null && typeof value === 'object' && Symbol.iterator in value && !Array.isArray(value) ? [...value]
      : value));
