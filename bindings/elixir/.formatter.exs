[
  inputs: ["{mix,package,.formatter}.exs", "{lib,mix,test,bench,examples}/**/*.{ex,exs}"],
  line_length: 110,
  locals_without_parens: [nif: 1],
  export: [locals_without_parens: []]
]
