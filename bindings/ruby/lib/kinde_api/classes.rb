# frozen_string_literal: true

# Loaded when the first of these classes is named. It alone is, and requires nothing: two threads that load two files of which
# one needs the other would wait for each other. Each class is whole before anybody can see it.
module KindeApi
  catalogue = KindeSdk::Core.catalogue
  models = catalogue[:models].transform_values { |model| model[:fields] ? Model.of(model[:fields]) : Union.of(model[:one_of]) }
  operations = catalogue[:operations].group_by { |operation| operation.values_at(:api, :group) }
  groups = catalogue[:groups].to_h do |group|
    made = operations.fetch(group.values_at(:api, :name)).map { |operation| Operation.new(operation, catalogue[:models]) }
    [group, Group.of(made)]
  end

  models.each { |name, model| const_set(name, model) }
  groups.each do |group, made|
    name = Naming.class_of(group[:name])
    Frontend.const_set(name, made) if group[:api] == "account"
    const_set(name, made) unless group[:api] == "account" && GROUPS.value?(name)
  end
end
